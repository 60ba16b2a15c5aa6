import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type EventName, type Phase, TABLE } from '../../checkout/src/core/machine.js';
import { WEB } from '../../config/settings.ts';

const README = `${WEB}/README.md`;
const PLACE = /(<!-- states -->\n)[\s\S]*(<!-- \/states -->)/;

function tableAsText(): string {
  const phases = Object.keys(TABLE) as Phase[];
  const events = [...new Set(phases.flatMap((phase) => Object.keys(TABLE[phase])))] as EventName[];
  const row = (cells: string[]) => `| ${cells.join(' | ')} |\n`;
  const lines = events.map((event) =>
    row([`\`${event}\``, ...phases.map((phase) => TABLE[phase][event] ?? '')]),
  );
  return [row(['', ...phases]), row(['---', ...phases.map(() => '---')]), ...lines].join('');
}

test('the table of states in the README is that of the code; UPDATE_README=1 writes it', () => {
  const text = readFileSync(README, 'utf8');
  const expected = text.replace(PLACE, `$1${tableAsText()}$2`);
  if (process.env.UPDATE_README) writeFileSync(README, expected);
  expect(readFileSync(README, 'utf8')).toBe(expected);
});
