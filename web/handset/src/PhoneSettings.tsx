import { useWords } from '../../language.js';
import { api, type SubscriberChange } from './api.js';
import { HABITS, TEXTS } from './texts.js';
import { useProblem } from './useProblem.js';
import { BEHAVIOURS, type Behaviour, type Subscriber } from './wire.js';
import { ksh, written } from './written.js';

/** The balance, the PIN and the habit of a phone's owner. */
export function PhoneSettings({ subscriber }: { subscriber: Subscriber }) {
  const t = useWords(TEXTS);
  const habits = useWords(HABITS);
  const [problem, act] = useProblem();
  const { msisdn } = subscriber;
  const change = (what: Omit<SubscriberChange, 'msisdn'>) => void act(api.change({ msisdn, ...what }));
  return (
    <div class="settings">
      <h2>
        {written(msisdn)} <b>{ksh(subscriber.balance)}</b>
      </h2>
      <div class="money">
        <button type="button" onClick={() => change({ balance: 0 })}>
          {t.spend}
        </button>
        <button type="button" onClick={() => change({ balance: subscriber.balance + 1000 })}>
          {t.fill}
        </button>
      </div>
      <label>
        {t.owner}{' '}
        <select
          value={subscriber.behaviour}
          onChange={(event) => change({ behaviour: event.currentTarget.value as Behaviour })}
        >
          {BEHAVIOURS.map((behaviour) => (
            <option key={behaviour} value={behaviour}>
              {habits[behaviour]}
            </option>
          ))}
        </select>
      </label>
      <p class="problem" role="status">
        {problem}
      </p>
    </div>
  );
}
