import { clockFace, PROMPT_MS, secondsLeft } from '../core/countdown.js';
import { isDisputed, type Model, type Step, waitEnds } from '../core/model.js';
import { readPhone, writtenPhone } from '../core/phone.js';
import type { Texts } from '../core/texts.js';
import type { Failure, Problem } from '../core/wire.js';
import type { Actions } from './actions.js';

export interface PartProps {
  t: Texts;
  model: Model;
  now: number;
  step: Step | undefined;
  price: string;
  on: Actions;
}

/** What is wrong with the number, once saying so helps. */
function complaint({ t, model }: PartProps): string | undefined {
  const { fault, unfinished } = readPhone(model.text);
  return fault && (model.touched || !unfinished) ? t.fault[fault] : undefined;
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
        autoComplete="tel"
        placeholder="0712 345 678"
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
  const { msisdn } = readPhone(model.text);
  const wrong = complaint(props) ?? (model.problem && words(t, model.problem));
  const phone = msisdn && writtenPhone(msisdn).replaceAll(' ', '\xa0');
  const how = t.how.replace('#', phone ?? t.here);
  return <p className={wrong ? 'e' : ''}>{wrong || (model.unanswered ? t.unanswered : how)}</p>;
}

/** Our words for a reason; the service's own, in the same language, for those that we have none for. */
function words(t: Texts, { reason, code, message }: Failure | Problem): string {
  const known: Partial<Record<string, string>> = t.reason;
  return known[reason ?? ''] ?? known[code ?? ''] ?? ((reason && message) || t.reason.other);
}

const TICK = 'M14 25l7 7 13-15';
const EXCLAMATION = 'M24 13v14m0 7v0';

/** The ring: seconds left while the prompt is on the phone, turning while nothing is known, else the outcome. */
export function Sign({ t, model, now }: PartProps) {
  const { phase, expiresAt } = model;
  const isOdd = isDisputed(model);
  const isWaiting = phase === 'waiting' && !isOdd;
  const seconds = secondsLeft(expiresAt, now);
  const mark = phase === 'failed' || isOdd ? EXCLAMATION : phase === 'paid' ? TICK : '';
  const share = isWaiting ? (seconds * 1000) / PROMPT_MS : mark ? 1 : 0.25;
  return (
    <div className={`i ${isOdd ? 'failed' : phase}`}>
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <circle cx="24" cy="24" r="22" />
        <circle cx="24" cy="24" r="22" pathLength="1" style={{ strokeDashoffset: `${1 - share}` }} />
        <path d={mark} />
      </svg>
      {isWaiting && (
        <b role="timer" aria-label={`${seconds} ${t.left}`}>
          {clockFace(seconds)}
        </b>
      )}
    </div>
  );
}

/** What is known of the payment, in words. */
export function Outcome({ t, model, price }: PartProps) {
  const { phase, failure, receipt, review, id } = model;
  const differs = isDisputed(model) && t.review;
  if (phase === 'paid') {
    return (
      <>
        <h3>{differs ? t.unsure : t.paid}</h3>
        <p>
          {receipt ? `${t.receipt}: ` : id ? t.later : t.already}
          <b>{receipt}</b>
        </p>
        <p>{differs || (review.includes('paid_twice') ? t.twice : model.extra && t.extra)}</p>
      </>
    );
  }
  if (phase === 'failed' && failure) {
    return (
      <>
        <h3>{failure.reason === 'no_answer' || differs ? t.unsure : t.failed}</h3>
        <p>{differs || words(t, failure)}</p>
        <p>{t.late}</p>
      </>
    );
  }
  const isWaiting = phase === 'waiting';
  return (
    <>
      <h3>{differs ? t.unsure : isWaiting ? t.waiting : t.checking}</h3>
      <p>{differs || (isWaiting ? t.enter.replace('#', model.phone).replace('$', price) : t.unknown)}</p>
      <p>{isWaiting && model.hint}</p>
    </>
  );
}

/** The one thing to do now; while it must wait, it says for how long. */
export function Button({ t, model, now, step, price }: PartProps) {
  if (!step) return null;
  const wait = clockFace(secondsLeft(waitEnds(model), now, Number.POSITIVE_INFINITY));
  return (
    <button type="submit" className="o" aria-disabled={step === 'wait' || step === 'sending'}>
      {t[step].replace('$', price).replace('#', wait)}
    </button>
  );
}
