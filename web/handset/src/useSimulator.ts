import { useEffect, useReducer } from 'preact/hooks';
import { api } from './api.js';
import { after, NOTHING, type State } from './state.js';
import type { Happening } from './wire.js';

type Change = { kind: 'happened'; happening: Happening } | { kind: 'read'; patch: Partial<State> };

function change(state: State, change: Change): State {
  return change.kind === 'read' ? { ...state, ...change.patch } : after(state, change.happening);
}

/** These change balances, which no event carries. */
const MOVES_MONEY = new Set(['prompt', 'prompt_ended', 'sms']);

/** The simulator as it is, read at first and after each lost connection, then kept up to date by its events. */
export function useSimulator(): State {
  const [state, dispatch] = useReducer(change, NOTHING);
  useEffect(() => {
    const read = async (patch: Promise<Partial<State>>) => {
      const known = await patch.catch(() => null);
      if (known) dispatch({ kind: 'read', patch: known });
    };
    const readPhones = () => read(api.subscribers().then((subscribers) => ({ subscribers })));
    const readPrompts = () =>
      read(api.prompts().then(({ prompts, now }) => ({ prompts, aheadMs: Date.parse(now) - Date.now() })));
    const tell = (happening: Happening) => {
      dispatch({ kind: 'happened', happening });
      if (MOVES_MONEY.has(happening.name)) void readPhones();
      if (happening.name === 'clock') void readPrompts();
    };
    const connected = (isConnected: boolean) => {
      dispatch({ kind: 'read', patch: { isConnected } });
      if (!isConnected) return;
      void readPhones();
      void readPrompts();
      void read(api.faults().then((faults) => ({ faults })));
    };
    return api.listen(tell, connected);
  }, []);
  return state;
}

/** The time, once a second. */
export function useNow(): number {
  const [now, tick] = useReducer(() => Date.now(), Date.now());
  useEffect(() => {
    const timer = setInterval(() => tick(undefined), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
