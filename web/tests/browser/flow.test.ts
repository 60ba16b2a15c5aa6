import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BOOKING, openPage, openStage, type Stage } from './stage.js';

let stage: Stage;
let page: Awaited<ReturnType<typeof openPage>>;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());
beforeEach(() => stage.service.reset());
afterEach(async () => {
  expect(page.complaints).toEqual([]);
  await page.context().close();
});

const dialog = (on: Page = page) => on.locator('dialog');
const trigger = (on: Page = page) => on.getByRole('button', { name: 'Pay KES 1,500' }).first();
const main = (on: Page = page) => dialog(on).locator('button.o');

async function pay(on: Page = page): Promise<void> {
  await trigger(on).click();
  await on.getByRole('textbox').fill('0712345678');
  await main(on).click();
}

async function waiting(on: Page = page): Promise<void> {
  await pay(on);
  await on.getByText('Check your phone').waitFor();
}

/** What has the focus, through shadow roots. */
function focused(): Promise<string> {
  return page.evaluate(() => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return `${active?.localName} ${active?.getAttribute('aria-label') ?? active?.id ?? ''} ${active?.textContent ?? ''}`;
  });
}

describe.each(['/', '/react'])('the checkout on the page %s', (path) => {
  beforeEach(async () => {
    page = await openPage(stage, {}, path);
  });

  describe('by keyboard alone', () => {
    test('a customer pays, tries again after a failure, and is back where it began', async () => {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await focused()).toContain('Pay KES 1,500');
      await page.keyboard.press('Enter');
      expect(await focused()).toContain('input p');
      await page.keyboard.type('0712 345 678');
      await page.keyboard.press('Enter');
      await page.getByText('Check your phone').waitFor();
      stage.service.fail('pay_1', { reason: 'wrong_pin' });
      await page.getByText('did not accept the PIN').waitFor();
      await page.keyboard.press('Tab');
      expect(await focused()).toContain('Try again');
      await page.keyboard.press('Enter');
      await page.getByRole('textbox').waitFor();
      expect(await focused()).toContain('Pay KES 1,500');
      await page.keyboard.press('Enter');
      await page.getByText('Check your phone').waitFor();
      stage.service.complete('pay_2');
      await page.getByText('Payment successful!').waitFor();
      await page.keyboard.press('Tab');
      expect(await focused()).toContain('Close');
      await page.keyboard.press('Enter');
      await expect.poll(() => dialog().isVisible()).toBe(false);
      expect(await focused()).toContain('Pay KES 1,500');
    });

    test('the focus stays in the dialog, and Escape closes it and gives the focus back', async () => {
      await trigger().focus();
      await page.keyboard.press('Enter');
      for (let turn = 0; turn < 12; turn++) {
        await page.keyboard.press('Tab');
        expect(await focused()).not.toMatch(/^a /);
      }
      await page.keyboard.press('Escape');
      await expect.poll(() => dialog().isVisible()).toBe(false);
      expect(await focused()).toContain('Pay KES 1,500');
      await page.keyboard.press('Enter');
      await expect.poll(() => dialog().isVisible()).toBe(true);
    });

    test('the focus is never lost when the button that had it goes', async () => {
      await waiting();
      expect(await focused()).toContain('dialog');
    });
  });

  describe('a screen reader', () => {
    test('meets a modal dialog with a name, a labelled field, and a button that says the price', async () => {
      await trigger().click();
      const box = page.getByRole('dialog', { name: 'Pay with M-PESA' });
      await box.getByRole('textbox', { name: 'M-PESA phone number' }).waitFor();
      await box.getByRole('button', { name: 'Pay KES 1,500' }).waitFor();
      await box.getByRole('button', { name: 'Close' }).waitFor();
      await page.getByRole('link', { name: 'A link before' }).focus();
      expect(await focused()).not.toContain('A link before');
    });

    test('hears each change in one polite region, and not each second of the countdown', async () => {
      await trigger().click();
      await page.locator('dialog [role=status]').evaluate((region) => {
        const heard: string[] = [];
        Object.assign(window, { heard });
        const listen = () => heard.push(region.textContent ?? '');
        new MutationObserver(listen).observe(region, {
          childList: true,
          subtree: true,
          characterData: true,
        });
      });
      await page.getByRole('textbox').fill('0712345678');
      await main().click();
      await page.getByText('Check your phone').waitFor();
      await page.waitForTimeout(2500);
      stage.service.fail('pay_1');
      await page.getByText('Payment not made').waitFor();
      stage.service.complete('pay_1');
      await page.getByText('Payment successful!').waitFor();
      const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
      expect(heard.map((text) => text.slice(0, 16))).toEqual([
        'A request will c',
        'Check your phone',
        'Payment not made',
        'Payment successf',
      ]);
      expect(await page.getByRole('timer').count()).toBe(0);
    });
  });

  describe('whatever the customer does', () => {
    test('one prompt is sent for many clicks', async () => {
      await trigger().click();
      await page.getByRole('textbox').fill('0712345678');
      await main().evaluate((button: HTMLButtonElement) => {
        for (let click = 0; click < 5; click++) button.click();
      });
      await page.getByText('Check your phone').waitFor();
      expect(stage.service.pushes.length).toBe(1);
    });

    test('a reload in the middle of the wait opens the same payment again', async () => {
      await waiting();
      await page.reload();
      await page.getByText('Check your phone').waitFor();
      stage.service.complete('pay_1');
      await page.getByText('NLJ7RT61SV').waitFor();
      expect(stage.service.pushes.length).toBe(1);
    });

    test('another tab shows the payment that is in progress', async () => {
      await waiting();
      const other = await page.context().newPage();
      await other.goto(page.url());
      await waiting(other);
      expect(stage.service.payments.size).toBe(1);
      stage.service.complete('pay_1');
      await Promise.all([page, other].map((tab) => tab.getByText('NLJ7RT61SV').waitFor()));
    });

    test('going offline is said, and the result comes when the network is back', async () => {
      await waiting();
      await page.context().setOffline(true);
      stage.service.cutStreams();
      await page.getByText('No connection').waitFor();
      stage.service.complete('pay_1');
      await page.context().setOffline(false);
      await page.getByText('Payment successful!').waitFor();
      expect(await page.getByText('No connection').count()).toBe(0);
    });

    test('closing the dialog leaves the payment running, and the page hears of it', async () => {
      await waiting();
      await dialog().getByRole('button', { name: 'Close' }).click();
      stage.service.complete('pay_1');
      await expect.poll(() => page.title()).toBe('pay_1');
      await trigger().click();
      await page.getByText('NLJ7RT61SV').waitFor();
    });

    test('the language changes without losing what was typed', async () => {
      await trigger().click();
      await page.getByRole('textbox').fill('0712345678');
      await page.getByRole('button', { name: 'Kiswahili' }).click();
      await page.getByRole('heading', { name: 'Lipa kwa M-PESA' }).waitFor();
      expect(await page.getByRole('textbox').inputValue()).toContain('0712');
    });
  });
});

describe('the element', () => {
  beforeEach(async () => {
    page = await openPage(stage);
  });

  test('a page that was reloaded after the payment does not open by itself', async () => {
    await waiting();
    stage.service.complete('pay_1');
    await page.getByText('NLJ7RT61SV').waitFor();
    await page.reload();
    await page.waitForTimeout(500);
    expect(await dialog().isVisible()).toBe(false);
  });

  test('asks nobody but its own origin', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).origin));
    await page.reload();
    await waiting();
    expect([...new Set(asked)]).toEqual([stage.origin]);
  });

  test('moves nothing for people who want no motion', async () => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    stage.service.plans = [{ kind: 'unknown' }];
    await pay();
    await page.getByText('Checking with M-PESA').waitFor();
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    const moving = () =>
      page.evaluate(() => document.querySelector('pokea-checkout')?.shadowRoot?.getAnimations().length);
    await expect.poll(moving).toBeGreaterThan(0);
  });

  test('may belong to another site that the service allows, and finds the service by itself', async () => {
    const site = await openPage(stage, {}, `http://localhost:${new URL(stage.origin).port}/elsewhere`);
    stage.service.allowedOrigin = new URL(site.url()).origin;
    await waiting(site);
    stage.service.complete('pay_1');
    await site.getByText('NLJ7RT61SV').waitFor();
    expect(stage.service.pushes[0]?.body.bookingId).toBe(BOOKING);
    expect(site.complaints).toEqual([]);
    await site.context().close();
  });
});
