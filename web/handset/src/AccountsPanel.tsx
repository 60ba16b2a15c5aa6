import { useState } from 'preact/hooks';
import { api } from './api.js';
import type { Accounts, MoneyOut } from './wire.js';
import { ksh, preciseTime, written } from './written.js';

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
  const [problem, setProblem] = useState('');
  const act = (what: Promise<unknown>) => {
    setProblem('');
    what.catch((failure: Error) => setProblem(failure.message));
  };
  const utility = accounts?.utility ?? 0;
  return (
    <section class="accounts" aria-label="The organisation’s money">
      <header>
        <h2>The organisation’s money</h2>
      </header>
      <dl>
        {NAMES.map(([account, name]) => (
          <div key={account}>
            <dt>{name}</dt>
            <dd>{accounts ? ksh(accounts[account]) : '…'}</dd>
          </div>
        ))}
      </dl>
      <div class="money">
        <button type="button" onClick={() => act(api.setAccounts({ utility: utility + 10_000 }))}>
          Add Ksh10,000
        </button>
        <button type="button" disabled={utility <= 0} onClick={() => act(api.sweep())}>
          Sweep to the bank
        </button>
      </div>
      <p class="problem" role="status">
        {problem}
      </p>
      <h3>Money out</h3>
      {!moneyOut.length && (
        <p class="empty">
          Payouts, reversals and sweeps appear here. Payouts are paid from the utility account.
        </p>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0}>
        {moneyOut.map((move) => (
          <li key={move.receipt}>
            <span>
              <b>{ksh(move.amount)}</b> {about(move)}
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

function about({ kind, about }: MoneyOut): string {
  if (kind === 'payout') return `to ${written(about)}`;
  return kind === 'reversal' ? `back, of ${about}` : `from ${about} to the bank`;
}
