import { useState } from 'preact/hooks';
import { useWords } from '../../language.js';
import type { Refusal } from './api.js';
import { REFUSALS } from './texts.js';

/** What went wrong with the last act, in words, and how to say so; an act that begins takes it back. */
export function useProblem(): [
  problem: string,
  act: (what: Promise<unknown>) => Promise<unknown>,
  say: (problem: string) => void,
] {
  const refusals = useWords(REFUSALS);
  const [problem, say] = useState('');
  const act = (what: Promise<unknown>) => {
    say('');
    return what.catch(({ code }: Refusal) => say(refusals[code] ?? refusals['']?.replace('#', code) ?? code));
  };
  return [problem, act, say];
}
