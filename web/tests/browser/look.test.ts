import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ARTEFACTS, axe, clipped, openPage, openStage, type Stage } from './stage.js';
import { STATES } from './states.js';

const SIZES = { narrow: { width: 320, height: 640 }, wide: { width: 1280, height: 800 } };
/** What 200 % of zoom leave of the wide window. */
const ZOOMED = { width: 640, height: 400 };

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe.each(['en', 'sw'])('in %s', (language) => {
  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    test.each(Object.keys(SIZES) as (keyof typeof SIZES)[])(
      'every state is without fault for axe, fits, and needs nothing the policy forbids: %s',
      async (size) => {
        for (const [name, bring] of Object.entries(STATES)) {
          stage.service.reset();
          const options = { viewport: SIZES[size], colorScheme, reducedMotion: 'reduce' as const };
          const page = await openPage(stage, options, language === 'sw' ? '/sw' : '/');
          await bring(page, stage.service);
          await page.screenshot({ path: `${ARTEFACTS}/${name}-${size}-${colorScheme}-${language}.png` });
          expect.soft(await axe(page), name).toEqual([]);
          expect.soft(await clipped(page), name).toEqual([]);
          expect.soft(page.complaints, name).toEqual([]);
          await page.context().close();
        }
      },
    );
  });

  test('every state fits at 200 % of zoom, and its last line can be reached', async () => {
    for (const [name, bring] of Object.entries(STATES)) {
      stage.service.reset();
      const page = await openPage(stage, { viewport: ZOOMED }, language === 'sw' ? '/sw' : '/');
      await bring(page, stage.service);
      expect.soft(await clipped(page), name).toEqual([]);
      await page.locator('dialog .l').scrollIntoViewIfNeeded();
      const box = await page.locator('dialog .l').boundingBox();
      expect.soft((box?.y ?? 0) + (box?.height ?? 0), name).toBeLessThanOrEqual(ZOOMED.height);
      await page.context().close();
    }
  });
});
