/** A real Chromium, the built drop-in, and a fake service behind both. */

import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { PAGES, WEB } from '../../config/settings.ts';
import { FakeService, type TestPage, TOKEN } from '../fake-service.js';

export const BOOKING = 'BKG-2041';
export const ARTEFACTS = `${WEB}/../artefacts/checkout`;

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Stage {
  browser: Browser;
  service: FakeService;
  origin: string;
  close: () => Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const executablePath = process.env.POKEA_CHROMIUM;
  if (!executablePath) throw new Error('Set POKEA_CHROMIUM to the path of a Chromium or Chrome.');
  const service = new FakeService();
  await buildReactPage();
  const origin = await service.listen();
  service.page = (path) => pageOf(path, origin);
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  mkdirSync(ARTEFACTS, { recursive: true });
  return {
    browser,
    service,
    origin,
    close: async () => {
      await browser.close();
      await service.close();
    },
  };
}

/** The page of the React component, built as a shop would build it. */
const REACT_PAGE = `${WEB}/node_modules/.cache/react-page`;

async function buildReactPage(): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    mode: 'production',
    root: `${WEB}/tests/browser/react-page`,
    base: '/react/',
    oxc: { jsx: { runtime: 'automatic', development: false } },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { outDir: REACT_PAGE, emptyOutDir: true, modulePreload: false },
  });
}

const TYPES: Readonly<Record<string, string>> = { js: 'text/javascript', html: 'text/html' };

function pageOf(path: string, origin: string): TestPage | null {
  const type = TYPES[path.split('.')[1] ?? 'html'];
  if (!type) return null;
  if (path === '/checkout.js') return { type, body: readFileSync(`${PAGES}/checkout.js`) };
  if (path === '/react') return { type, body: readFileSync(`${REACT_PAGE}/index.html`) };
  if (path.startsWith('/react/')) return { type, body: readFileSync(REACT_PAGE + path.slice(6)) };
  if (path !== '/' && path !== '/sw' && path !== '/elsewhere') return null;
  const body = elementPage(path === '/sw' ? 'sw' : 'en', path === '/elsewhere' ? origin : '');
  return path === '/elsewhere' ? { type, body, policy: `default-src ${origin}` } : { type, body };
}

function elementPage(language: string, scripts: string): string {
  return `<!doctype html><html lang="${language}"><meta charset="utf-8">
    <title>A shop</title><meta name="viewport" content="width=device-width">
    <script type="module" src="${scripts}/checkout.js"></script>
    <main><h1>A shop</h1><p><a href="#before">A link before</a></p>
    <pokea-checkout booking-id="${BOOKING}" amount="1500" token="${TOKEN}"></pokea-checkout></main></html>`;
}

/** A page on which whatever the browser complains about is kept. */
export async function openPage(
  stage: Stage,
  options: BrowserContextOptions = {},
  path = '/',
): Promise<Page & { complaints: string[] }> {
  const context = await stage.browser.newContext(options);
  const page = Object.assign(await context.newPage(), { complaints: [] as string[] });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
      page.complaints.push(message.text());
    }
  });
  await page.addInitScript(() => {
    document.addEventListener('pokea-success', (event) => {
      document.title = (event as CustomEvent).detail.transactionId || 'Paid before';
    });
  });
  await page.goto(new URL(path, stage.origin).href);
  return page;
}

/** What axe-core finds on the page as it stands, as short lines. */
export async function axe(page: Page): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: AXE });
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: typeof import('axe-core') };
    const { violations } = await axe.run(document, { rules: { region: { enabled: false } } });
    return violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
  });
}

/** Elements of the dialog whose text does not fit, or that stick out of the window. */
export async function clipped(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const root = document.querySelector('pokea-checkout')?.shadowRoot;
    const bad: string[] = [];
    for (const element of root?.querySelectorAll<HTMLElement>('dialog, dialog *') ?? []) {
      const { left, right } = element.getBoundingClientRect();
      const isInput = element instanceof HTMLInputElement;
      if (left < -0.5 || right > innerWidth + 0.5) bad.push(`${element.outerHTML} sticks out`);
      else if (!isInput && element.clientWidth && element.scrollWidth > element.clientWidth + 1) {
        bad.push(`${element.outerHTML} is clipped`);
      }
    }
    return bad;
  });
}
