import { useState } from 'preact/hooks';
import { api, type SubscriberChange } from './api.js';
import { BEHAVIOURS, type Behaviour, type Subscriber } from './wire.js';
import { ksh, written } from './written.js';

const NAMES: Readonly<Record<Behaviour, string>> = {
  manual: 'answers by hand',
  pay: 'pays at once',
  cancel: 'cancels',
  ignore: 'ignores it',
  wrong_pin: 'types a wrong PIN',
  insufficient: 'has too little money',
  unreachable: 'is switched off',
};

/** The balance, the PIN and the habit of a phone's owner. */
export function PhoneSettings({ subscriber }: { subscriber: Subscriber }) {
  const [problem, setProblem] = useState('');
  const { msisdn } = subscriber;
  const change = (what: Omit<SubscriberChange, 'msisdn'>) => {
    setProblem('');
    api.change({ msisdn, ...what }).catch((failure: Error) => setProblem(failure.message));
  };
  return (
    <div class="settings">
      <h2>
        {written(msisdn)} <b>{ksh(subscriber.balance)}</b>
      </h2>
      <div class="money">
        <button type="button" onClick={() => change({ balance: 0 })}>
          Empty it
        </button>
        <button type="button" onClick={() => change({ balance: subscriber.balance + 1000 })}>
          Add Ksh1,000
        </button>
      </div>
      <label>
        The owner{' '}
        <select
          value={subscriber.behaviour}
          onChange={(event) => change({ behaviour: event.currentTarget.value as Behaviour })}
        >
          {BEHAVIOURS.map((behaviour) => (
            <option key={behaviour} value={behaviour}>
              {NAMES[behaviour]}
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
