import { type Model, stepOf } from '../core/model.js';
import { type Locale, TEXTS } from '../core/texts.js';
import type { Actions } from './actions.js';
import { Advice, Button, Outcome, PhoneField, Sign } from './parts.js';

export interface ViewProps {
  model: Model;
  now: number;
  locale: Locale;
  /** Whole shillings. */
  amount: number;
  /** What the fee is for: the booking, or the page's words for it. */
  purpose: string;
  on: Actions;
}

/** Shillings as Kenyans read them: `KES 1,500`. */
export function money(shillings: number): string {
  return `KES ${shillings.toLocaleString('en-KE')}`;
}

/** The whole dialog as a function of what is known: no state, no effects, so React and Preact draw the same. */
export function View({ model, now, locale, amount, purpose, on }: ViewProps) {
  const { phase } = model;
  const t = TEXTS[locale];
  const other = locale === 'en' ? 'sw' : 'en';
  const isForm = phase === 'form' || phase === 'sending';
  const step = stepOf(model, now);
  const shown = { t, model, now, step, price: money(amount), on };
  return (
    <dialog
      aria-labelledby="t"
      tabIndex={-1}
      lang={locale}
      onClose={(event) => event.currentTarget.open || on.close()}
    >
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (step) on[step]?.();
        }}
      >
        <h2 id="t">{t.title}</h2>
        <p className="s">
          <span>
            {t.what}
            <small>{purpose}</small>
          </span>
          <b>{shown.price}</b>
        </p>
        {isForm ? <PhoneField {...shown} /> : <Sign {...shown} />}
        <div role="status" id="h" className={isForm ? '' : 'c'}>
          {isForm ? <Advice {...shown} /> : <Outcome {...shown} />}
          {model.offline && <p className="e">{t.offline}</p>}
        </div>
        <Button {...shown} />
        <button type="button" className="l" lang={other} onClick={() => on.speak(other)}>
          {t.other}
        </button>
        <button type="button" className="x" aria-label={t.close} onClick={on.close}>
          ×
        </button>
      </form>
    </dialog>
  );
}
