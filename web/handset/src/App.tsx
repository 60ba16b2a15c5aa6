import { useEffect, useState } from 'preact/hooks';
import { readField, readPhone } from '../../checkout/src/core/phone.js';
import { LanguageSwitch, Speaking, useWords } from '../../language.js';
import { AccountsPanel } from './AccountsPanel.js';
import { api } from './api.js';
import { FaultPanel } from './FaultPanel.js';
import { Phone } from './Phone.js';
import { TEXTS, TITLE } from './texts.js';
import { useProblem } from './useProblem.js';
import { useNow, useSimulator } from './useSimulator.js';
import { WireLog } from './WireLog.js';

/** `?phone=0712345678` has that phone made; `?view=phones` leaves the rest away, as beside the shop. */
function wishes(): { msisdn: string | undefined; isBare: boolean } {
  const query = new URLSearchParams(location.search);
  return { msisdn: readPhone(query.get('phone') ?? '').msisdn, isBare: query.get('view') === 'phones' };
}

/** More phones at once nobody looks at, and a load test makes thousands. */
const MOST_SHOWN = 12;

/** The phones, what goes wrong, and the wire. */
export function App() {
  return (
    <Speaking title={TITLE}>
      <Simulator />
    </Speaking>
  );
}

function Simulator() {
  const t = useWords(TEXTS);
  const state = useSimulator();
  const connection = state.isConnected ? 'live' : state.isConnected === null ? 'soon' : 'lost';
  const now = useNow() + state.aheadMs;
  const [{ msisdn, isBare }] = useState(wishes);
  const [wished, setWished] = useState(msisdn);
  useEffect(() => {
    if (msisdn && state.isConnected) api.change({ msisdn }).catch(() => undefined);
  }, [msisdn, state.isConnected]);
  const phones = inOrder(state.subscribers, state.prompts, wished);
  const hidden = phones.length - MOST_SHOWN;
  return (
    <>
      <header class="top">
        <h1>{t.phones}</h1>
        <p role="status" class={`live ${connection}`}>
          {t[connection]}
        </p>
        <button type="button" onClick={() => void api.advance(60).catch(Boolean)}>
          {t.minute}
        </button>
        {!isBare && <LanguageSwitch />}
      </header>
      <main class={isBare ? 'bare' : ''}>
        <div class="phones">
          {phones.slice(0, MOST_SHOWN).map((subscriber) => (
            <Phone
              key={subscriber.msisdn}
              subscriber={subscriber}
              prompt={state.prompts.find((prompt) => prompt.msisdn === subscriber.msisdn)}
              now={now}
            />
          ))}
          <NewPhone hidden={hidden} added={setWished} />
        </div>
        {!isBare && (
          <aside>
            <AccountsPanel accounts={state.accounts} moneyOut={state.moneyOut} />
            <WireLog lines={state.lines} />
            <FaultPanel faults={state.faults} />
          </aside>
        )}
      </main>
    </>
  );
}

/** A phone that is asked for money comes first, then the wished one, then the newest. */
export function inOrder<T extends { msisdn: string }>(
  phones: readonly T[],
  prompts: readonly { msisdn: string }[],
  wished?: string,
): T[] {
  const rank = ({ msisdn }: T) =>
    prompts.some((prompt) => prompt.msisdn === msisdn) ? 2 : Number(msisdn === wished);
  return [...phones].reverse().sort((one, other) => rank(other) - rank(one));
}

/** Adds a phone, or brings one of those that are not shown to the front. */
function NewPhone({ hidden, added }: { hidden: number; added: (msisdn: string) => void }) {
  const t = useWords(TEXTS);
  const [text, setText] = useState('');
  const [problem, act, say] = useProblem();
  const add = (event: Event) => {
    event.preventDefault();
    const { msisdn } = readField(text);
    if (!msisdn) return say(t.noNumber);
    const made = api.change({ msisdn }).then(() => {
      setText('');
      added(msisdn);
    });
    void act(made);
  };
  return (
    <form class="new" onSubmit={add}>
      <label>
        {t.another}
        <input
          type="tel"
          placeholder="0712 345 678"
          value={text}
          onInput={(event) => {
            setText(event.currentTarget.value);
            say('');
          }}
        />
      </label>
      <button type="submit">{t.add}</button>
      <p class="problem" role="status">
        {problem}
      </p>
      {hidden > 0 && <p class="note">{t.hidden.replace('#', `${hidden}`)}</p>}
      <p class="note">{t.note}</p>
    </form>
  );
}
