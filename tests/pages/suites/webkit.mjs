/**
 * The wallet's main path in WebKit, the engine of every browser on Apple's phones. The till stays a Chromium:
 * it films what WebKit shows.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Cashier } from '../lib/cashier.mjs';
import { PIN } from '../lib/customer.mjs';
import { Demo } from '../lib/demo.mjs';
import { screenshots } from '../lib/places.mjs';
import { scope } from '../lib/scope.mjs';
import { WebKit } from '../lib/webkit.mjs';

const AMOUNT_MINOR = 1250;
const DRAWN_AFTER_MS = 500;

/** @param {import('../lib/runner.mjs').Tests} tests */
export function webkit(tests) {
  return scope(async (keep) => {
    const demo = await Demo.start(keep);
    const setup = await demo.setup();
    const cashier = await Cashier.arrive(keep, demo.origin, setup);
    const phone = keep(await WebKit.open(), (one) => one.close());
    const step = tests.chain('webkit', () => cashier.browser.faults());
    let png = '';
    await step('the wallet is activated', () => activate(phone, demo.origin, setup));
    await step('a bank account is added at the bank', () => addAccount(phone, setup));
    await step('without a server the wallet starts and shows a code for the PIN', async () => {
      await demo.kill();
      await phone.goto(`${demo.origin}/wallet/`);
      await phone.waitFor(`${screen('home')} .notices .banner`);
      await phone.click(action('pay'));
      await phone.waitFor(screen('pay'));
      await typePin(phone);
      await phone.waitFor('#code');
      // The window is photographed as it is drawn, not as it stands in the document.
      await new Promise((resolve) => setTimeout(resolve, DRAWN_AFTER_MS));
      png = await keepPicture(phone, 'webkit/code-offline');
    });
    await step("the server is back, and the till's camera reads the code: paid", async () => {
      cashier.isShown(png);
      await demo.start();
      await cashier.ask(AMOUNT_MINOR);
      await cashier.sees('paid');
    });
    await step('the confirmation appears on the phone by itself', async () => {
      await phone.waitFor(`${screen('result')}[data-outcome="paid"]`);
      await keepPicture(phone, 'webkit/confirmation');
    });
  });
}

/** @param {string} name */
const screen = (name) => `[data-screen="${name}"]`;
/** @param {string} name */
const action = (name) => `[data-action="${name}"]`;

/** @param {WebKit} phone */
async function typePin(phone) {
  for (const digit of PIN) await phone.click(action(`digit-${digit}`));
  await phone.click(action('ok'));
}

/** @param {WebKit} phone @param {string} origin @param {import('../lib/demo.mjs').Setup} setup */
async function activate(phone, origin, setup) {
  await phone.goto(`${origin}/wallet/`);
  const first = await phone.waitFor(screen('activate'), screen('install'));
  if (first === screen('install')) await phone.click(action('anyway'));
  await phone.type('#activation-code', setup.activation_code);
  await phone.click(action('continue'));
  await phone.waitFor(screen('choose-pin'));
  await typePin(phone);
  await phone.waitFor(screen('repeat-pin'));
  await typePin(phone);
  await phone.waitFor(screen('home'), screen('add-bank'));
}

/** @param {WebKit} phone @param {import('../lib/demo.mjs').Setup} setup */
async function addAccount(phone, setup) {
  if ((await phone.waitFor(screen('home'), screen('add-bank'))) === screen('home')) await phone.click(action('add-bank'));
  await phone.waitFor(screen('add-bank'));
  await phone.click(action('go-to-bank'));
  await phone.waitFor(screen('login'));
  await phone.type('#number', setup.customer_number);
  await phone.type('#password', setup.bank_password);
  await phone.click(action('login'));
  if ((await phone.waitFor(screen('account'), screen('consent'))) === screen('account')) await phone.click(action('continue'));
  await phone.waitFor(screen('consent'));
  await phone.click(action('agree'));
  await phone.waitFor(screen('bank-done'));
  await phone.click(action('home'));
  await phone.waitFor(screen('home'));
}

/** @param {WebKit} phone @param {string} name @returns {Promise<string>} */
async function keepPicture(phone, name) {
  const path = join(screenshots, `${name}.png`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await phone.picture());
  return path;
}
