import { useWords } from '../../language.js';
import { api } from './api.js';
import { TEXTS } from './texts.js';
import { useProblem } from './useProblem.js';
import type { Accounts, MoneyOut } from './wire.js';
import { ksh, preciseTime, written } from './written.js';

/** M-PESA’s own names. */
const NAMES: readonly (readonly [keyof Accounts, string])[] = [
  ['utility', 'Utility'],
  ['merchant', 'Merchant'],
  ['working', 'Working'],
  ['settlement', 'Settlement'],
  ['charges', 'Charges paid'],
];

interface Props {
  accounts: Accounts | null;
  moneyOut: readonly MoneyOut[];
}

/** What the organisation holds at M-PESA, and what left it. */
export function AccountsPanel({ accounts, moneyOut }: Props) {
  const t = useWords(TEXTS);
  const [problem, act] = useProblem();
  const utility = accounts?.utility ?? 0;
  return (
    <section class="accounts" aria-label={t.accounts}>
      <header>
        <h2>{t.accounts}</h2>
      </header>
      <dl>
        {NAMES.map(([account, name]) => (
          <div key={account}>
            <dt lang="en">{name}</dt>
            <dd>{accounts ? ksh(accounts[account]) : '…'}</dd>
          </div>
        ))}
      </dl>
      <div class="money">
        <button type="button" onClick={() => void act(api.setAccounts({ utility: utility + 10_000 }))}>
          {t.fund}
        </button>
        <button type="button" disabled={utility <= 0} onClick={() => void act(api.sweep())}>
          {t.sweep}
        </button>
      </div>
      <p class="problem" role="status">
        {problem}
      </p>
      <h3>{t.moneyOut}</h3>
      {!moneyOut.length && <p class="empty">{t.noMoves}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0}>
        {moneyOut.map((move) => (
          <li key={move.receipt}>
            <span>
              <b>{ksh(move.amount)}</b>{' '}
              {t[move.kind === 'sweep' ? 'swept' : move.kind].replace('#', named(move))}
            </span>
            <small>
              {move.receipt} <time>{preciseTime(move.at)}</time>
            </small>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** The phone, the receipt or the account that a movement is about. */
function named({ kind, about }: MoneyOut): string {
  return kind === 'payout' ? written(about) : about;
}
