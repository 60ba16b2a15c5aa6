import { useEffect, useRef, useState } from 'preact/hooks';
import { api } from './api.js';
import type { Prompt } from './wire.js';

const PIN_LENGTH = 4;
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0', '⌫'];

interface Props {
  prompt: Prompt;
  secondsLeft: number;
}

/** The prompt as Android's SIM toolkit shows it (texts: prompt): a title, the text, a field for four digits. */
export function PromptScreen({ prompt, secondsLeft }: Props) {
  const [pin, setPin] = useState('');
  const [problem, setProblem] = useState('');
  const field = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new prompt takes the focus
  useEffect(() => field.current?.focus({ preventScroll: true }), [prompt.id]);

  const answer = (given: Promise<unknown>) => {
    given.catch((failure: Error) => setProblem(failure.message));
  };
  const send = (event: Event) => {
    event.preventDefault();
    if (pin.length === PIN_LENGTH) answer(api.pay(prompt.id, pin));
    else setProblem('The PIN has four digits.');
  };
  const press = (key: string) => {
    setProblem('');
    setPin((typed) => (key === '⌫' ? typed.slice(0, -1) : (typed + key).slice(0, PIN_LENGTH)));
  };
  return (
    <form class="prompt" aria-label={`M-PESA request on ${prompt.msisdn}`} onSubmit={send}>
      <h2>SIM Toolkit</h2>
      <p class="prompt-text">{prompt.text}</p>
      <input
        ref={field}
        type="password"
        inputMode="numeric"
        autocomplete="off"
        maxLength={PIN_LENGTH}
        aria-label="M-PESA PIN"
        value={pin}
        onInput={(event) => setPin(event.currentTarget.value.replace(/\D/g, ''))}
      />
      <p class="prompt-hint">
        <span>Digits (0-9, *, #, +)</span>
        <span>{PIN_LENGTH}</span>
      </p>
      <p class="prompt-problem" role="status">
        {problem}
      </p>
      <div class="prompt-buttons">
        <button type="button" onClick={() => answer(api.cancel(prompt.id))}>
          Cancel
        </button>
        <button type="submit">OK</button>
      </div>
      <div class="pad">
        {KEYS.map((key) =>
          key ? (
            <button
              key={key}
              type="button"
              tabIndex={-1}
              aria-label={key === '⌫' ? 'Delete' : key}
              onClick={() => press(key)}
            >
              {key}
            </button>
          ) : (
            <span key="gap" />
          ),
        )}
      </div>
      <p class="prompt-left">Ends by itself in {secondsLeft} s</p>
    </form>
  );
}
