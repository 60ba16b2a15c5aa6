import css from './style.css?inline';

/** Gives a shadow root the style of the checkout; no style element, so it needs nothing of the page's policy. */
export function dress(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}

/**
 * Opens or closes the drawn dialog. The browser keeps the focus inside while it is open and gives it back afterwards;
 * focus that was lost because its button is gone returns to the dialog.
 */
export function present(root: ShadowRoot, isOpen: boolean): void {
  const dialog = root.querySelector('dialog');
  if (!dialog) return;
  if (isOpen && !dialog.open) dialog.showModal();
  if (!isOpen) dialog.close();
  else if (!root.activeElement) dialog.focus();
}
