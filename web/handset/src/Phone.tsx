import { useState } from 'preact/hooks';
import { useWords } from '../../language.js';
import { PhoneSettings } from './PhoneSettings.js';
import { PromptScreen } from './PromptScreen.js';
import { TEXTS } from './texts.js';
import type { Prompt, Sms, Subscriber } from './wire.js';
import { nairobiTime, written } from './written.js';

interface Props {
  subscriber: Subscriber;
  prompt: Prompt | undefined;
  /** The simulator's time, in milliseconds. */
  now: number;
}

/** One phone: its screen, and what its owner has and does. */
export function Phone({ subscriber, prompt, now }: Props) {
  const t = useWords(TEXTS);
  const [ignored, setIgnored] = useState('');
  const isShown = prompt && prompt.id !== ignored;
  const secondsLeft = prompt ? Math.max(0, Math.floor((Date.parse(prompt.expiresAt) - now) / 1000)) : 0;
  return (
    <article
      class={prompt || subscriber.messages.length ? 'phone' : 'phone idle'}
      aria-label={t.phone.replace('#', written(subscriber.msisdn))}
    >
      <div class="device">
        <div class="screen">
          <div class="bar" aria-hidden="true">
            <span>{nairobiTime(now)}</span>
            <span class="signal" />
          </div>
          {isShown ? (
            <PromptScreen key={prompt.id} prompt={prompt} secondsLeft={secondsLeft} />
          ) : (
            <Messages messages={subscriber.messages} />
          )}
        </div>
      </div>
      {isShown && (
        <button type="button" class="link" onClick={() => setIgnored(prompt.id)}>
          {t.ignore}
        </button>
      )}
      {prompt && !isShown && (
        <button type="button" class="link" onClick={() => setIgnored('')}>
          {t.look.replace('#', `${secondsLeft}`)}
        </button>
      )}
      <PhoneSettings subscriber={subscriber} />
    </article>
  );
}

function Messages({ messages }: { messages: readonly Sms[] }) {
  const t = useWords(TEXTS);
  return (
    <div class="messages" role="log" aria-label={t.messages}>
      <h2>MPESA</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0} lang="en">
        {[...messages].reverse().map((message) => (
          <li key={message.receivedAt + message.text}>
            <p>{message.text}</p>
            <time>{nairobiTime(message.receivedAt)}</time>
          </li>
        ))}
      </ol>
      {!messages.length && <p class="empty">{t.empty}</p>}
    </div>
  );
}
