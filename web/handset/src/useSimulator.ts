import { useEffect, useReducer } from 'preact/hooks';
import { api } from './api.js';
import { after, NOTHING, type State } from './state.js';
import type { Happening } from './wire.js';

type Change = { kind: 'happened'; happening: Happening } | { kind: 'read'; patch: Partial<State> };

function change(state: State, change: Change): State {
  return change.kind === 'read' ? { ...state, ...change.patch } : after(state, change.happening);
}

/**
 * After these everything is read again: balances are in no event, at first the past is told as well, and an answer
 * that was on its way when something happened is older than what happened.
 */
const ASK_AFTER = new Set([
  ...['prompt', 'prompt_ended', 'sms', 'subscriber', 'faults', 'clock'],
  ...['accounts', 'payout', 'reversal', 'sweep'],
]);
const SETTLE_MS = 50;

/** The simulator as it is, read at first and after each lost connection, then kept up to date by its events. */
export function useSimulator(): State {
  const [state, dispatch] = useReducer(change, NOTHING);
  useEffect(() => {
    let soon: ReturnType<typeof setTimeout>;
    let turn = 0;
    const read = async (patch: Promise<Partial<State>>) => {
      const mine = turn;
      const known = await patch.catch(() => null);
      if (known && mine === turn) dispatch({ kind: 'read', patch: known });
    };
    const readAll = () => {
      clearTimeout(soon);
      soon = setTimeout(() => {
        turn++;
        void read(api.subscribers().then((subscribers) => ({ subscribers })));
        void read(
          api.prompts().then(({ prompts, now }) => ({ prompts, aheadMs: Date.parse(now) - Date.now() })),
        );
        void read(api.faults().then((faults) => ({ faults })));
        void read(api.accounts().then((accounts) => ({ accounts })));
      }, SETTLE_MS);
    };
    const tell = (happening: Happening) => {
      dispatch({ kind: 'happened', happening });
      if (ASK_AFTER.has(happening.name)) readAll();
    };
    const connected = (isConnected: boolean) => {
      dispatch({ kind: 'read', patch: { isConnected } });
      if (isConnected) readAll();
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
