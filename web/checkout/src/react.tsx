import { useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import type { Locale } from './core/texts.js';
import { Checkout, type PaymentError } from './engine/checkout.js';
import { browserPorts } from './ports.js';
import { actionsOf, localeOf } from './view/actions.js';
import { dress, keepFocus, present, schemeOf, type Theme } from './view/present.js';
import { View } from './view/View.js';

export type { Locale, PaymentError, Theme };

/** React 18 warns of layout effects on a server, where there is nothing to lay out. */
const useLaidOut = typeof document === 'undefined' ? useEffect : useLayoutEffect;

export interface BookingFeePaymentModalProps {
  /** The booking whose fee is paid. */
  bookingId: string;
  /** What the fee is for, in the page's words; by default the booking's service. */
  description?: string;
  /** The fee in whole shillings; by default, and in any case before it is asked for, it is read from the booking. */
  amount?: number;
  open: boolean;
  /** The customer wants the dialog closed; a payment that is under way goes on, and is still reported. */
  onClose: () => void;
  /** The money came. Called once for each time that the component is mounted, so it may be called again after a reload. */
  onPaymentSuccess: (transactionId: string) => void;
  /** The payment did not happen, or could not begin. A failure may still be followed by a success. */
  onPaymentError?: (error: PaymentError) => void;
  /** Where Pokea answers, such as `https://pay.example.com`; by default the page's own origin. */
  apiUrl?: string;
  /** Gives a token of the customer with `payments:write` and `payments:read`. */
  getToken: () => string | Promise<string>;
  /** The language that is spoken at first; by default the page's. */
  locale?: Locale;
  /** What stands in the phone field at first. */
  phoneNumber?: string;
  /** `light` or `dark`; by default what the page's own `color-scheme` says. */
  theme?: Theme;
  /** Class of the host, for the custom properties `--pokea-accent`, `--pokea-radius` and `--pokea-font`. */
  className?: string;
}

/** Takes the booking's fee by M-PESA. It keeps watching while it is closed, for as long as it is mounted. */
export function BookingFeePaymentModal(props: BookingFeePaymentModalProps) {
  return <Modal key={props.bookingId} {...props} />;
}

function Modal(props: BookingFeePaymentModalProps) {
  const latest = useRef(props);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const [spoken, setSpoken] = useState<Locale>();
  const [root, host] = useShadowRoot();
  const [checkout] = useState(() => newCheckout(() => latest.current, redraw));
  latest.current = spoken ? { ...props, locale: spoken } : props;

  useEffect(() => {
    checkout.start();
    return () => checkout.stop();
  }, [checkout]);
  const { phase } = checkout.model;
  useLaidOut(() => {
    if (!root) return;
    if (props.open) void checkout.open();
    present(root, props.open);
    return () => present(root, false);
  }, [root, props.open, checkout]);
  const before = useRef(phase);
  useLaidOut(() => {
    if (root && before.current !== phase) keepFocus(root, before.current);
    before.current = phase;
  }, [root, phase]);

  const close = () => latest.current.open && latest.current.onClose();
  const scheme = schemeOf(props.theme);
  const view = root && (
    <View
      model={checkout.model}
      now={checkout.now()}
      locale={localeOf(spoken ?? props.locale)}
      amount={checkout.amount()}
      purpose={props.description}
      on={actionsOf(checkout, close, setSpoken)}
    />
  );
  return (
    <div ref={host} className={props.className} style={scheme ? { colorScheme: scheme } : undefined}>
      {view && createPortal(view, root)}
    </div>
  );
}

/** A shadow root of our own in the page, so that no style of the page's reaches the dialog, nor ours the page. */
function useShadowRoot(): [ShadowRoot | null, (host: HTMLElement | null) => void] {
  const [root, setRoot] = useState<ShadowRoot | null>(null);
  const attach = useCallback((host: HTMLElement | null) => {
    if (!host) return;
    const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
    dress(root);
    setRoot(root);
  }, []);
  return [root, attach];
}

function newCheckout(props: () => BookingFeePaymentModalProps, changed: () => void): Checkout {
  const settings = () => {
    const { bookingId, amount, apiUrl, locale, getToken, onPaymentSuccess, onPaymentError } = props();
    return {
      bookingId,
      amount,
      getToken,
      onPaymentSuccess,
      apiUrl: apiUrl ?? '',
      locale: localeOf(locale),
      onPaymentError: (error: PaymentError) => onPaymentError?.(error),
    };
  };
  const checkout = new Checkout(browserPorts(), settings, changed);
  checkout.type(props().phoneNumber ?? '');
  return checkout;
}
