/** The demo's front page: a newcomer pays by clicks alone. */
import { violations } from '../lib/axe.mjs';
import { Browser, PHONE } from '../lib/browser.mjs';
import { PIN } from '../lib/customer.mjs';
import { Demo } from '../lib/demo.mjs';
import { misfits } from '../lib/layout.mjs';
import { blessPicture, takePicture } from '../lib/pictures.mjs';
import { Findings } from '../lib/runner.mjs';
import { scope } from '../lib/scope.mjs';
import { press, screen, see } from '../lib/screen.mjs';

const LANGUAGES = ['en', 'de', 'fr', 'it'];
/** From the code to the confirmation. */
const STEPS = 11;
const DESK = { width: 1280, height: 800 };

/**
 * @param {import('../lib/runner.mjs').Tests} tests
 * @param {import('../run.mjs').Options} options
 */
export function front(tests, { blessesPictures }) {
  return scope(async (keep) => {
    const demo = await Demo.start(keep);
    const browser = await Browser.open(keep, { origin: demo.origin, size: DESK });
    const page = await browser.page();
    const step = tests.chain('front page', () => browser.faults());
    await step('a first payment by clicks alone', async () => {
      const startedMs = performance.now();
      await page.goto(`${demo.origin}/`);
      await payByClicks(page);
      const tookS = (performance.now() - startedMs) / 1000;
      console.log(`        the first payment took ${tookS.toFixed(1)} s, a person's reading and typing not counted`);
    });
    await step('every step of the payment is lit', async () => {
      await see(page, `.path ol:not(:has(.path-row:not(.good))) > .path-row:nth-child(${STEPS})`);
      const path = await takePicture(page, 'front/paid', { isWhole: true });
      if (blessesPictures) blessPicture(path, 'front-page');
    });
    await step('is accessible and fits, in every language, on a desk and on a phone', () => lookAtAll(page, demo.origin));
    await step('no page said an error or asked anybody else', () => browser.assertClean());
  });
}

/** @param {import('playwright-core').Page} page @param {string} origin */
async function lookAtAll(page, origin) {
  /** @type {string[]} */
  const found = [];
  for (const language of LANGUAGES) {
    await page.goto(`${origin}/?lang=${language}`);
    await page.locator('.guide-title').waitFor();
    for (const size of [DESK, PHONE]) {
      await page.setViewportSize(size);
      await takePicture(page, `front/start-${language}-${size.width}`, { isWhole: true });
      found.push(...(await misfits(page)).map((fault) => `${language} ${size.width}: ${fault}`));
      found.push(...(await violations(page)).map((fault) => `${language} ${size.width}: ${fault}`));
    }
    await page.setViewportSize(DESK);
  }
  if (found.length > 0) throw new Findings(found);
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
