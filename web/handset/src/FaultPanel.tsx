import { useLocale, useWords } from '../../language.js';
import { api } from './api.js';
import { GROUPS } from './faults.js';
import { TEXTS } from './texts.js';
import { useProblem } from './useProblem.js';
import type { Fault } from './wire.js';

const KNOWN = new Set(GROUPS.flatMap((group) => group.switches.map((one) => one.kind)));

/** Every fault as a switch. */
export function FaultPanel({ faults }: { faults: readonly Fault[] }) {
  const t = useWords(TEXTS);
  const locale = useLocale();
  const [problem, act] = useProblem();
  const isOn = (kind: string) => faults.some((fault) => fault.kind === kind);
  const set = async (kind: string, wanted: boolean) => {
    if (wanted) return await api.addFault(kind);
    for (const fault of faults.filter((each) => each.kind === kind)) await api.removeFault(fault.id);
    return null;
  };
  const elsewhere = faults.filter((fault) => !KNOWN.has(fault.kind)).length;
  return (
    <section class="faults" aria-label={t.faults}>
      <header>
        <h2>{t.wrong}</h2>
        <button type="button" disabled={!faults.length} onClick={() => void act(api.clearFaults())}>
          {t.off}
        </button>
      </header>
      <p class="problem" role="status">
        {problem}
      </p>
      {GROUPS.map((group) => (
        <fieldset key={group.title.en}>
          <legend>{group.title[locale]}</legend>
          {group.switches.map(({ kind, [locale]: [title, effect] }) => (
            <label key={kind} class="switch">
              <input
                type="checkbox"
                checked={isOn(kind)}
                onChange={(event) => void act(set(kind, event.currentTarget.checked))}
              />
              <span>
                <b>{title}</b>
                <small>{effect}</small>
              </span>
            </label>
          ))}
        </fieldset>
      ))}
      {elsewhere > 0 && <p>{t.elsewhere.replace('#', `${elsewhere}`)}</p>}
    </section>
  );
}
