import css from './style.css?inline';

/** Gives a shadow root the style of the checkout; no style element, so it needs nothing of the page's policy. */
export function dress(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}

/** Opens or closes the dialog. The browser keeps the focus inside while it is open, and gives it back afterwards. */
export function present(root: ShadowRoot, isOpen: boolean): void {
  const dialog = root.querySelector('dialog');
  if (!isOpen) dialog?.close();
  else if (!dialog?.open) dialog?.showModal();
}

/** After a change of phase: focus that was lost because its button is gone returns to the dialog. */
export function keepFocus(root: ShadowRoot): void {
  if (!root.activeElement) root.querySelector<HTMLElement>('dialog[open]')?.focus();
}
