import { useState } from 'preact/hooks';
import { useLocale, useWords } from '../../language.js';
import { faultTitle } from './faults.js';
import type { Line } from './state.js';
import { TEXTS, WIRE } from './texts.js';
import { preciseTime } from './written.js';

/** What goes over the wire, newest first. */
export function WireLog({ lines }: { lines: readonly Line[] }) {
  const t = useWords(TEXTS);
  const [cleared, setCleared] = useState(0);
  const shown = lines.filter((line) => line.number > cleared);
  return (
    <section class="wire" aria-label={t.wire}>
      <header>
        <h2>{t.wire}</h2>
        <button type="button" disabled={!shown.length} onClick={() => setCleared(lines[0]?.number ?? 0)}>
          {t.clear}
        </button>
      </header>
      {!shown.length && <p class="empty">{t.quiet}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0}>
        {shown.map((line) => (
          <li key={line.number}>
            <Entry line={line} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Entry({ line }: { line: Line }) {
  const t = useWords(TEXTS);
  const locale = useLocale();
  const { direction, what, about, status, fault, body, at } = line;
  const title = WIRE[locale][what].replace('#', what === 'fault' ? faultTitle(about, locale) : about);
  const isBad = fault || status === null || (status ?? 0) >= 400;
  const head = (
    <>
      <span class="way" title={direction === 'in' ? t.in : t.out}>
        {direction === 'in' ? '→' : '←'}
      </span>
      <span class="what">{title}</span>
      {status !== undefined && <span class={isBad ? 'status bad' : 'status'}>{status ?? t.none}</span>}
      {fault && <span class="status bad">{fault}</span>}
      <time>{preciseTime(at)}</time>
    </>
  );
  if (body === undefined || body === null || body === '') return <div class="line">{head}</div>;
  return (
    <details>
      <summary class="line">{head}</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <pre tabIndex={0} lang="en">
        {typeof body === 'string' ? body : JSON.stringify(body, null, 2)}
      </pre>
    </details>
  );
}
