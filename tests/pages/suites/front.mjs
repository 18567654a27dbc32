/** The demo's front page: a newcomer pays by clicks alone. */
import { assertAccessible } from '../lib/axe.mjs';
import { Browser, PHONE } from '../lib/browser.mjs';
import { PIN } from '../lib/customer.mjs';
import { Demo } from '../lib/demo.mjs';
import { misfits } from '../lib/layout.mjs';
import { blessPicture, takePicture } from '../lib/pictures.mjs';
import { Findings } from '../lib/runner.mjs';
import { press, screen } from '../lib/screen.mjs';

const LANGUAGES = ['en', 'de', 'fr', 'it'];
const DESK = { width: 1280, height: 800 };

/**
 * @param {import('../lib/runner.mjs').Tests} tests
 * @param {import('../run.mjs').Options} options
 */
export async function front(tests, { blessesPictures }) {
  const demo = await Demo.start();
  const browser = await Browser.open({ origin: demo.origin, size: DESK });
  const step = tests.chain('front page', () => browser.faults());
  try {
    const page = await browser.page();
    const startedMs = performance.now();
    await step('a first payment by clicks alone', async () => {
      await page.goto(`${demo.origin}/`);
      await payByClicks(page);
      console.log(`        the first payment took ${((performance.now() - startedMs) / 1000).toFixed(1)} s, reading and typing not counted`);
    });
    await step('every step of the payment is lit', async () => {
      await page.locator('.path-row.good, .path .good').first().waitFor();
      const path = await takePicture(page, 'front/paid', { isWhole: true });
      if (blessesPictures) blessPicture(path, 'front-page');
    });
    await step('is accessible and fits, in every language, on a desk and on a phone', async () => {
      /** @type {string[]} */
      const found = [];
      for (const language of LANGUAGES) {
        await page.goto(`${demo.origin}/?lang=${language}`);
        await page.locator('.guide-title').waitFor();
        for (const size of [DESK, PHONE]) {
          await page.setViewportSize(size);
          await takePicture(page, `front/start-${language}-${size.width}`, { isWhole: true });
          found.push(...(await misfits(page)).map((fault) => `${language} ${size.width}: ${fault}`));
          await assertAccessible(page, `front page, ${language}, ${size.width} px`);
        }
        await page.setViewportSize(DESK);
      }
      if (found.length > 0) throw new Findings(found);
    });
    await step('no page said an error or asked anybody else', () => browser.assertClean());
  } finally {
    await browser.discard();
    await demo.end();
  }
}

/** @param {import('playwright-core').Page} page */
async function payByClicks(page) {
  const wallet = await frameOf(page, '/wallet/');
  const checkout = await frameOf(page, '/checkout/');
  const guide = page.locator('.guide button.primary');
  // The activation code is filled in already.
  if ((await screen(wallet, 'activate', 'choose-pin')) === 'activate') await press(wallet, 'continue');
  await screen(wallet, 'choose-pin');
  await typePin(wallet);
  await screen(wallet, 'repeat-pin');
  await typePin(wallet);
  if ((await screen(wallet, 'home', 'add-bank')) === 'home') await press(wallet, 'add-bank');
  await screen(wallet, 'add-bank');
  await press(wallet, 'go-to-bank');
  await screen(wallet, 'login');
  await guide.click();
  await press(wallet, 'login');
  if ((await screen(wallet, 'account', 'consent')) === 'account') await press(wallet, 'continue');
  await screen(wallet, 'consent');
  await press(wallet, 'agree');
  await screen(wallet, 'bank-done');
  await press(wallet, 'pay');
  await screen(wallet, 'pay');
  await typePin(wallet);
  await screen(wallet, 'code');
  await guide.click();
  await screen(checkout, 'result');
  await checkout.locator('[data-outcome="paid"]').waitFor();
  await screen(wallet, 'result[data-outcome="paid"]');
}

/** @param {import('playwright-core').Frame} wallet */
async function typePin(wallet) {
  for (const digit of PIN) await press(wallet, `digit-${digit}`);
  await press(wallet, 'ok');
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} path
 */
async function frameOf(page, path) {
  await page.locator(`iframe[src="${path}"]`).waitFor();
  for (;;) {
    const frame = page.frames().find((one) => new URL(one.url(), 'http://localhost').pathname === path);
    if (frame !== undefined) return frame;
    await page.waitForTimeout(50);
  }
}
