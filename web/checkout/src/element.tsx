import type { Phase } from './core/machine.js';
import type { Locale } from './core/texts.js';
import { Checkout } from './engine/checkout.js';
import { browserPorts } from './ports.js';
import { actionsOf, localeOf } from './view/actions.js';
import { draw } from './view/draw.js';
import { dress, keepFocus, present, schemeOf } from './view/present.js';
import { openerLabel, View } from './view/View.js';

/** Where the service is: beside its script, also below a path of a proxy; of a bundle, the origin that it came from. */
const home = () =>
  import.meta.env.DROP_IN
    ? (import.meta.url.split('/checkout.js')[0] as string)
    : new URL(import.meta.url).origin;

/** On a server there are no elements; there the class is defined, so that it can be imported, and never made. */
const Base = globalThis.HTMLElement ?? (class {} as typeof HTMLElement);

/**
 * `<pokea-checkout booking-id [amount] [description] [api-url] [token] [locale] [phone-number] [theme] [open]>`: a
 * button that opens the dialog. What is put inside the element takes the button's place.
 *
 * Events, which bubble: `pokea-success` (`detail.transactionId`), `pokea-error` (`detail` is a PaymentError),
 * `pokea-close`.
 */
export class PokeaCheckout extends Base {
  static observedAttributes = ['amount', 'description', 'locale', 'open', 'theme', 'booking-id'];
  /** Gives the customer's token, when it is not in the `token` attribute. */
  getToken: () => string | Promise<string> = () => this.#attribute('token');
  #checkout: Checkout | undefined;
  #spoken: Locale | undefined;
  #isResuming = false;
  #phase: Phase | undefined;

  connectedCallback(): void {
    dress(this.shadowRoot ?? this.attachShadow({ mode: 'open' }));
    this.#begin();
  }

  disconnectedCallback(): void {
    present(this.shadowRoot as ShadowRoot, false);
    this.#checkout?.stop();
    this.#checkout = undefined;
  }

  attributeChangedCallback(name: string): void {
    if (!this.#checkout) return;
    if (name === 'booking-id') {
      this.#checkout.stop();
      this.#begin();
    } else this.#draw();
    if (name === 'open') this.#present();
  }

  /** Opens the dialog, also one that the browser has closed a moment ago without telling us yet. */
  show(): void {
    this.toggleAttribute('open', true);
    this.#present();
  }

  /** Closes the dialog; a payment that is under way goes on. */
  close(): void {
    if (!this.hasAttribute('open')) return;
    this.removeAttribute('open');
    this.#tell('close', null);
  }

  #begin(): void {
    const checkout = new Checkout(
      browserPorts(),
      () => ({
        bookingId: this.#attribute('booking-id'),
        amount: this.#attribute('amount'),
        apiUrl: this.#attribute('api-url') || home(),
        locale: this.#locale(),
        getToken: this.getToken,
        onPaymentSuccess: (transactionId) => this.#tell('success', { transactionId }),
        onPaymentError: (error) => this.#tell('error', error),
      }),
      () => this.#draw(),
    );
    this.#checkout = checkout;
    checkout.type(this.#attribute('phone-number'));
    checkout.start();
    this.#isResuming = checkout.model.phase !== 'form';
    this.#draw();
    this.#present();
  }

  #present(): void {
    const isOpen = this.hasAttribute('open');
    if (isOpen) void this.#checkout?.open();
    present(this.shadowRoot as ShadowRoot, isOpen);
  }

  #draw(): void {
    const checkout = this.#checkout;
    if (!checkout) return;
    const { phase } = checkout.model;
    this.#resume(phase);
    const locale = this.#locale();
    const amount = checkout.amount();
    this.style.colorScheme = schemeOf(this.#attribute('theme'));
    const speak = (chosen: Locale): void => {
      this.#spoken = chosen;
      this.#draw();
    };
    const root = this.shadowRoot as ShadowRoot;
    const drawn = (
      <>
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the button inside it, ours or the page's, is what is operated */}
        <slot onClick={() => this.show()}>
          <button type="button" className="o">
            {openerLabel(checkout.model, locale, amount)}
          </button>
        </slot>
        <View
          model={checkout.model}
          now={checkout.now()}
          locale={locale}
          amount={amount}
          purpose={this.#attribute('description')}
          on={actionsOf(checkout, () => this.close(), speak)}
        />
      </>
    );
    // The sources are typed for React; here `draw` draws them.
    draw(drawn as never, root);
    if (this.#phase !== phase) keepFocus(root, this.#phase);
    this.#phase = phase;
  }

  /** Opens the dialog for a customer who was in the middle of it when the page was reloaded. */
  #resume(phase: Phase): void {
    if (!this.#isResuming || phase === 'loading') return;
    this.#isResuming = false;
    // Sending, waiting, checking.
    if (/ing/.test(phase)) this.show();
  }

  #attribute(name: string): string {
    return this.getAttribute(name) ?? '';
  }

  #locale(): Locale {
    return this.#spoken ?? localeOf(this.getAttribute('locale'));
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(`pokea-${name}`, { detail, bubbles: true, composed: true }));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'pokea-checkout': PokeaCheckout;
  }
}

if (globalThis.customElements && !customElements.get('pokea-checkout')) {
  customElements.define('pokea-checkout', PokeaCheckout);
}
