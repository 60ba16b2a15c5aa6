import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { WEB } from '../../config/settings.ts';

const PACKAGE = `${WEB}/checkout`;

beforeAll(() => {
  execFileSync('npm', ['run', 'package', '--silent'], { cwd: WEB, stdio: 'pipe' });
}, 120_000);

describe('the npm package', () => {
  const { exports, files } = JSON.parse(readFileSync(`${PACKAGE}/package.json`, 'utf8'));

  test('has every file that it says it has', () => {
    const named = Object.values(exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry as Record<string, string>),
    );
    for (const file of named) expect(existsSync(`${PACKAGE}/${file}`), file).toBe(true);
    expect(files).toEqual(['dist']);
  });

  test('publishes types that fit how people use it, and refuse what they must not do', () => {
    execFileSync('npx', ['tsc', '-p', 'tests/package'], { cwd: WEB, stdio: 'pipe' });
  });

  test('leaves React to the page, and brings nothing of it in the element', () => {
    const react = readFileSync(`${PACKAGE}/dist/react.js`, 'utf8');
    const element = readFileSync(`${PACKAGE}/dist/element.js`, 'utf8');
    const imports = (code: string) =>
      [...code.matchAll(/^import .* from "(.*)";$/gm)].map(([, from]) => from);
    expect(imports(react)).toEqual(['react', 'react-dom', 'react/jsx-runtime']);
    expect(imports(element)).toEqual([]);
    expect(element).toContain('customElements.define("pokea-checkout"');
  });

  test('brings an element that a server can load, where there are no elements', async () => {
    expect(globalThis.HTMLElement).toBeUndefined();
    const { PokeaCheckout } = await import(`${PACKAGE}/dist/element.js`);
    expect(PokeaCheckout.observedAttributes).toContain('theme');
  });

  test('can be loaded where there is no page, as a server does that renders React', async () => {
    const { createElement } = await import('react');
    const { renderToString } = await import('react-dom/server');
    const { BookingFeePaymentModal } = await import('../../checkout/src/react.js');
    const props = { bookingId: 'B', amount: 1, open: true, getToken: () => '' };
    const nothing = () => undefined;
    const modal = createElement(BookingFeePaymentModal, {
      ...props,
      onClose: nothing,
      onPaymentSuccess: nothing,
    });
    expect(renderToString(modal)).toBe('<div></div>');
  });
});

describe('what is committed', () => {
  test('pins every package exactly, and names no registry', () => {
    const { devDependencies } = JSON.parse(readFileSync(`${WEB}/package.json`, 'utf8'));
    for (const version of Object.values(devDependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(readFileSync(`${WEB}/package-lock.json`, 'utf8')).not.toMatch(/"resolved"|registry/);
  });
});
