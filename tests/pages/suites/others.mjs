/**
 * The pages around wallet and till: the bank's own, and the one that a phone on the same network gets first. In four
 * languages, light and dark, on a phone and on a desk: axe is content, nothing is cut off.
 */
import { violations } from '../lib/axe.mjs';
import { Browser, DESKTOP, PHONE } from '../lib/browser.mjs';
import { misfits } from '../lib/layout.mjs';
import { takePicture } from '../lib/pictures.mjs';
import { Findings } from '../lib/runner.mjs';
import { press, screen } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';
import { serveSite } from '../lib/static-server.mjs';

const LANGUAGES = ['en', 'de', 'fr', 'it'];
/** @type {('light' | 'dark')[]} */
const SCHEMES = ['light', 'dark'];
const SIZES = [PHONE, DESKTOP];

/** @param {import('../lib/runner.mjs').Tests} tests */
export async function others(tests) {
  await withShop(async ({ keep, demo, setup }) => {
    const browser = await Browser.open(keep, { origin: demo.origin });
    const page = await browser.page();
    for (const language of LANGUAGES) {
      await tests.test(`bank's page: is accessible and fits, in ${language}`, async () => {
        /** @type {string[]} */
        const found = [];
        const look = async (/** @type {string} */ name) => found.push(...(await faults(page, `bank/${name}-${language}`)));
        const asked = new URLSearchParams({
          link: '0123456789abcdef0123456789abcdef', partner: 'batzen-server', return: '/wallet/', lang: language,
        });
        await page.goto(`${demo.origin}/bank/?${asked}`);
        await screen(page, 'login');
        await look('login');
        await page.locator('#number').fill(setup.customer_number);
        await page.locator('#password').fill(setup.bank_password);
        await press(page, 'login');
        if ((await screen(page, 'account', 'consent')) === 'account') {
          await look('account');
          await press(page, 'continue');
        }
        await screen(page, 'consent');
        await look('consent');
        if (found.length > 0) throw new Findings(found);
      });
    }
    await tests.test("bank's page: a wrong link is told, in every language", async () => {
      /** @type {string[]} */
      const found = [];
      for (const language of LANGUAGES) {
        await page.goto(`${demo.origin}/bank/?lang=${language}`);
        await page.locator('[data-screen]').first().waitFor();
        found.push(...(await faults(page, `bank/wrong-link-${language}`)));
      }
      if (found.length > 0) throw new Findings(found);
    });
    await joinPage(tests, keep);
  });
}

/** @param {import('../lib/runner.mjs').Tests} tests @param {import('../lib/scope.mjs').Keep} keep */
async function joinPage(tests, keep) {
  const server = keep(await serveSite(), async (one) => one.close());
  const browser = await Browser.open(keep, { origin: server.origin });
  const page = await browser.page();
  await tests.test('join page: is accessible and fits, in every language', async () => {
    /** @type {string[]} */
    const found = [];
    for (const language of LANGUAGES) {
      await page.goto(`${server.origin}/demo/join.html?lang=${language}`);
      await page.locator('h1').waitFor();
      for (const system of await page.locator('details > summary').all()) await system.click();
      found.push(...(await faults(page, `join/${language}`)));
    }
    browser.assertClean();
    if (found.length > 0) throw new Findings(found);
  });
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function faults(page, name) {
  /** @type {string[]} */
  const found = [];
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await takePicture(page, `${name}-${size.width}-${scheme}`, { isWhole: true });
      const all = [...(await misfits(page)), ...(await violations(page))];
      found.push(...all.map((fault) => `${name} ${size.width} ${scheme}: ${fault}`));
    }
  }
  return found;
}
