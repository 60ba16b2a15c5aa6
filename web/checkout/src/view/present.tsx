import type { Phase } from '../core/machine.js';
import css from './style.css?inline';

/** Whether a sheet can be made without an element, which needs nothing of the page's policy; iOS before 16.4 cannot. */
function adopts(): boolean {
  return 'replaceSync' in CSSStyleSheet.prototype;
}

/** Gives a shadow root the style of the checkout. */
export function dress(root: ShadowRoot): void {
  if (!adopts()) return;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [sheet];
}

/** The style for browsers in which `dress` has no effect. */
export function Style() {
  return adopts() ? null : <style>{css}</style>;
}

/** Stops, or lets go on, the scrolling of the page behind the dialog. */
export function scroll(overflow: '' | 'hidden'): void {
  document.documentElement.style.overflow = overflow;
}

/**
 * Tells the style how much of the window the keyboard covers, which on phones lies over the page, and brings the button
 * into the rest.
 */
function cover(): void {
  const { height, scale } = visualViewport as VisualViewport;
  document.documentElement.style.setProperty('--pokea-covered', `${innerHeight - height * scale}px`);
  document.activeElement?.shadowRoot?.querySelector('[type=submit]')?.scrollIntoView(false);
}

/** Opens or closes the dialog. The browser keeps the focus inside while it is open, and gives it back afterwards. */
export function present(root: ShadowRoot, isOpen: boolean): void {
  const dialog = root.querySelector('dialog');
  if (!dialog || dialog.open === isOpen) return;
  scroll(isOpen ? 'hidden' : '');
  if (isOpen) {
    globalThis.visualViewport?.addEventListener('resize', cover);
    dialog.showModal();
    focus(dialog);
  } else dialog.close();
}

/** After a change of phase: focus whose button is gone returns to the dialog; after a failure the form has it. */
export function keepFocus(root: ShadowRoot, before: Phase | undefined): void {
  const dialog = root.querySelector<HTMLDialogElement>('dialog[open]');
  if (dialog && (!root.activeElement || before === 'failed')) focus(dialog);
}

function focus(dialog: HTMLDialogElement): void {
  const field = dialog.querySelector('input');
  (field ?? dialog).focus();
  field?.select();
}

/** `auto` follows the page's own `color-scheme`. */
export type Theme = 'light' | 'dark' | 'auto';

/** The scheme that a host is given for a theme; empty, it is the page's. */
export function schemeOf(theme: string | undefined): 'light' | 'dark' | '' {
  return theme === 'light' || theme === 'dark' ? theme : '';
}
