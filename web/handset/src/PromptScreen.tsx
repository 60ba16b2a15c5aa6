import { useEffect, useRef, useState } from 'preact/hooks';
import { useWords } from '../../language.js';
import { api } from './api.js';
import { TEXTS } from './texts.js';
import { useProblem } from './useProblem.js';
import type { Prompt } from './wire.js';

const PIN_LENGTH = 4;
const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '', '0', '⌫'];

interface Props {
  prompt: Prompt;
  secondsLeft: number;
}

/** The prompt as Android's SIM toolkit shows it (texts: prompt): a title, the text, a field for four digits. */
export function PromptScreen({ prompt, secondsLeft }: Props) {
  const t = useWords(TEXTS);
  const [pin, setPin] = useState('');
  const [problem, act, say] = useProblem();
  const field = useRef<HTMLInputElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new prompt takes the focus
  useEffect(() => field.current?.focus({ preventScroll: true }), [prompt.id]);

  const send = (event: Event) => {
    event.preventDefault();
    if (pin.length === PIN_LENGTH) void act(api.pay(prompt.id, pin));
    else say(t.shortPin);
  };
  const press = (key: string) => {
    say('');
    setPin((typed) => (key === '⌫' ? typed.slice(0, -1) : (typed + key).slice(0, PIN_LENGTH)));
  };
  return (
    <form class="prompt" aria-label={t.request.replace('#', prompt.msisdn)} onSubmit={send}>
      <h2 lang="en">SIM Toolkit</h2>
      <p class="prompt-text" lang="en">
        {prompt.text}
      </p>
      <input
        ref={field}
        type="password"
        inputMode="numeric"
        autocomplete="off"
        maxLength={PIN_LENGTH}
        aria-label={t.pin}
        value={pin}
        onInput={(event) => setPin(event.currentTarget.value.replace(/\D/g, ''))}
      />
      <p class="prompt-hint" lang="en">
        <span>Digits (0-9, *, #, +)</span>
        <span>{PIN_LENGTH}</span>
      </p>
      <p class="prompt-problem" role="status">
        {problem}
      </p>
      <div class="prompt-buttons" lang="en">
        <button type="button" onClick={() => void act(api.cancel(prompt.id))}>
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
              aria-label={key === '⌫' ? t.delete : key}
              onClick={() => press(key)}
            >
              {key}
            </button>
          ) : (
            <span key="gap" />
          ),
        )}
      </div>
      <p class="prompt-left">{t.ends.replace('#', `${secondsLeft}`)}</p>
    </form>
  );
}
