import { clockFace, PROMPT_MS, secondsLeft } from '../core/countdown.js';
import { isDisputed, type Model, promptEnds, type Step, toneOf, waitEnds } from '../core/model.js';
import { isOtherNetwork, readField, writtenPhone } from '../core/phone.js';
import type { AllTexts, Locale, Texts } from '../core/texts.js';
import type { Problem } from '../core/wire.js';
import type { Actions } from './actions.js';

export interface PartProps {
  t: AllTexts;
  model: Model;
  now: number;
  locale: Locale;
  step: Step | undefined;
  price: string;
  on: Actions;
}

/** After so long without an answer the customer is told what else to do. */
const STUCK_MS = 20_000;

/** What is wrong with the number, once saying so helps. */
function complaint({ t, model }: PartProps): string | undefined {
  const { fault, unfinished } = readField(model.text);
  return fault && (model.touched || !unfinished) ? (t[fault as 'empty'] ?? t.phone) : undefined;
}

export function PhoneField(props: PartProps) {
  const { t, model, on } = props;
  const typed = (event: { currentTarget: { value: string } }) => on.type(event.currentTarget.value);
  return (
    <p>
      <label htmlFor="p">{t.phone}</label>
      <input
        id="p"
        type="tel"
        name="tel"
        autoComplete="tel"
        enterKeyHint="go"
        placeholder="07XX XXX XXX"
        aria-describedby="h"
        aria-invalid={!!complaint(props)}
        readOnly={model.phase === 'sending'}
        value={model.text}
        onInput={typed}
        onChange={typed}
        onBlur={on.leave}
      />
    </p>
  );
}

/** Under the field: what is wrong with it, what the service said, or what will happen. */
export function Advice(props: PartProps) {
  const { t, model } = props;
  const { msisdn } = readField(model.text);
  const wrong = complaint(props) ?? (model.problem && words(t, model.problem));
  const how = t.how?.replace('#', msisdn ? writtenPhone(msisdn) : t.here);
  return (
    <>
      <p className={wrong ? 'e' : ''}>{whole(wrong || (model.unanswered && t.unanswered) || how || '')}</p>
      <p>{!wrong && msisdn && isOtherNetwork(msisdn) && t.network && whole(t.network)}</p>
    </>
  );
}

/** What went wrong before there was a payment. */
function words(t: AllTexts, { code }: Problem): string {
  return (t as Partial<Record<string, string>>)[code] ?? t.impossible;
}

/** Names in one piece: a line may not end at the hyphen of M-PESA or of a reference. */
function whole(text: string): string {
  return text.replace(/\b-\b/g, '\u2011');
}

const TICK = 'M14 25l7 7 13-15';
const EXCLAMATION = 'M24 13v14m0 7v0';
const CROSS = 'M17 17l14 14m0-14l-14 14';

/** The ring: seconds left while the prompt is on the phone, turning while nothing is known, else the outcome. */
export function Sign({ t, model, now }: PartProps) {
  const { phase } = model;
  const tone = toneOf(model);
  const isPrompted = phase === 'waiting' && !tone;
  const seconds = secondsLeft(promptEnds(model), now);
  const mark = tone ? (tone === 'choice' ? CROSS : EXCLAMATION) : phase === 'paid' ? TICK : '';
  const share = isPrompted ? (seconds * 1000) / PROMPT_MS : mark ? 1 : 0.25;
  return (
    <div className={`i ${phase} ${tone ?? ''}`}>
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <circle cx="24" cy="24" r="22" />
        <circle cx="24" cy="24" r="22" pathLength="1" style={{ strokeDashoffset: `${1 - share}` }} />
        <path d={mark} />
      </svg>
      {isPrompted && (
        <b role="timer" aria-label={t.left.replace('#', `${seconds}`)}>
          {seconds}
        </b>
      )}
    </div>
  );
}

/** What is known of the payment, in words: a heading, what it means, and what else there is to know. */
export function Outcome(props: PartProps) {
  const [heading, meaning, more] = told(props);
  return (
    <>
      <h3>{whole(heading)}</h3>
      <p>{meaning && whole(meaning)}</p>
      <p>{more && whole(more)}</p>
    </>
  );
}

function told(props: PartProps): [string, (string | false)?, (string | false)?] {
  const { t, model, now } = props;
  const { phase, failure, id, message } = model;
  if (isDisputed(model)) return [t.unsure, message];
  if (phase === 'paid') {
    const extra = model.extra && t.extra;
    return id ? [t.paid, !!model.review[0] && message, extra] : [t.already, t.uncharged, extra];
  }
  if (phase === 'failed') return [failure?.reason === 'no_answer' ? t.unsure : t.failed, message];
  if (phase !== 'waiting') return [t[phase as 'loading' | 'checking'], message];
  const isStuck = promptEnds(model) - now < PROMPT_MS - STUCK_MS;
  const enter = t.enter.replace('#', writtenPhone(model.typed || model.phone));
  return [t.waiting, enter, isStuck ? message : !model.typed && t.elsewhere];
}

/** What was paid, as one keeps it. */
export function Receipt({ t, model, locale, price, on }: PartProps) {
  const { receipt, paidAt, typed, phone, booking, copied } = model;
  const when = paidAt && new Date(paidAt).toLocaleString(`${locale}-KE`, SHORT);
  const rows = [
    [t.amount, price],
    [t.to, booking?.businessName],
    [t.account, booking?.reference],
    [t.receipt, receipt ?? t.later],
    [t.when, when],
    [t.from, writtenPhone(typed || phone)],
  ];
  return (
    <div>
      <dl>
        {rows.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{whole(name as string)}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
      <p className="c">
        {receipt && on.copy && (
          <button type="button" className="l" aria-live="polite" onClick={() => on.copy?.(receipt)}>
            {copied ? t.copied : t.copy}
          </button>
        )}
        <button type="button" className="l" onClick={on.print}>
          {t.print}
        </button>
      </p>
    </div>
  );
}

/** M-PESA's own time, wherever the page is read. */
const SHORT = { dateStyle: 'medium', timeStyle: 'short', timeZone: 'Africa/Nairobi' } as const;

/** The one thing to do now; while it must wait, it says for how long. */
export function Button({ t, model, now, step, price }: PartProps) {
  if (!step) return null;
  const wait = clockFace(secondsLeft(waitEnds(model), now, Number.POSITIVE_INFINITY));
  return (
    <button type="submit" className={`o ${step}`} aria-disabled={/wait|sending/.test(step)}>
      {step === 'pay' ? payLabel(t, price) : t[step]?.replace('#', wait)}
    </button>
  );
}

/** `Pay KES 500`; before the amount is known, what it is that one does. */
export function payLabel(t: Texts, price: string): string {
  return price ? t.pay.replace('$', price) : t.title;
}
