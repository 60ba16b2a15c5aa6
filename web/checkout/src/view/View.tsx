import { isDisputed, type Model, stepOf } from '../core/model.js';
import { money } from '../core/money.js';
import { type AllTexts, type Locale, TEXTS } from '../core/texts.js';
import type { Actions } from './actions.js';
import { Advice, Button, Outcome, PhoneField, payLabel, Receipt, Sign } from './parts.js';
import { Style, scroll } from './present.js';

export interface ViewProps {
  model: Model;
  now: number;
  locale: Locale;
  /** Whole shillings; 0 while the amount is not known. */
  amount: number;
  /** What the fee is for in the page's words; else the booking's. */
  purpose: string | undefined;
  on: Actions;
}

/** The whole dialog as a function of what is known: no state, no effects, so React and Preact draw the same. */
export function View({ model: known, now, locale, amount, purpose, on }: ViewProps) {
  // Before its words have come, a payment is only looked up.
  const model: Model =
    known.words || /form|sending/.test(known.phase) ? known : { ...known, phase: 'loading', review: [] };
  const { phase, booking } = model;
  const t = textsOf(model, locale);
  const other = locale === 'en' ? 'sw' : 'en';
  const isForm = /form|sending/.test(phase);
  const isReceipt = phase === 'paid' && model.id && !isDisputed(model);
  const step = stepOf(model, now);
  const shown = { t, model, now, locale, step, price: amount ? money(amount) : '', on };
  return (
    <dialog
      aria-labelledby="t"
      tabIndex={-1}
      lang={locale}
      onClose={(event) => {
        scroll('');
        if (!event.currentTarget.open) on.close();
      }}
    >
      <Style />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (step) on[step]?.();
        }}
      >
        <h2 id="t">{isReceipt ? t.slip : t.title}</h2>
        <button type="button" className="x" aria-label={t.close} onClick={on.close}>
          ×
        </button>
        {!isReceipt && (
          <p className="s">
            <span>
              <b dir="auto">{purpose || booking?.service}</b>
              <small>{booking?.businessName && `${t.to} ${booking.businessName}`}</small>
              <small>{booking?.reference}</small>
            </span>
            <b>{shown.price}</b>
          </p>
        )}
        {isForm ? <PhoneField {...shown} /> : <Sign {...shown} />}
        <div role="status" id="h" className={isForm ? '' : 'c'}>
          {isForm ? <Advice {...shown} /> : <Outcome {...shown} />}
          {model.offline && <div className="e">{t.offline}</div>}
        </div>
        {isReceipt && <Receipt {...shown} />}
        <Button {...shown} />
        <button type="button" className="l" lang={other} onClick={() => on.speak(other)}>
          {t.language}
        </button>
      </form>
    </dialog>
  );
}

function textsOf({ words }: Model, locale: Locale): AllTexts {
  return { ...TEXTS[locale], ...(words as AllTexts) };
}

/** What the button that opens the dialog says: the price, or what has become of the payment since. */
export function openerLabel(model: Model, locale: Locale, amount: number): string {
  const { phase } = model;
  const t = textsOf(model, locale);
  if (phase === 'paid') return `✓ ${t.settled ?? ''}`;
  return phase === 'form' || phase === 'failed' ? payLabel(t, amount ? money(amount) : '') : t[phase];
}
