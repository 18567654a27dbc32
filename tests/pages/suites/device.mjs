/**
 * What the pages ask of the device: to be installed where browsers forget, to keep what they store, to keep the screen
 * awake, to make a sound; and what time does to a code on the screen. The browser's own functions are watched, not
 * replaced.
 */
import { Cashier } from '../lib/cashier.mjs';
import { Customer, PIN } from '../lib/customer.mjs';
import { press, screen } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';

const AMOUNT_MINOR = 1250;
/** A code stands for 60 s, and one PIN is good for 180 s. */
const CODE_MS = 61_000;
const RENEWALS = 2;

/** @param {import('../lib/runner.mjs').Tests} tests */
export function device(tests) {
  return withShop(async ({ keep, demo, setup }) => {
    const customer = await Customer.arrive(keep, demo.origin);
    const { page } = customer;
    const step = tests.chain('device', () => customer.browser.faults());
    await step('a browser that forgets is asked to be installed first, and the person may go on', async () => {
      await page.addInitScript(watchDevice);
      await page.goto('about:blank');
      await customer.openWallet();
      await screen(page, 'install');
      await press(page, 'anyway');
      await screen(page, 'activate');
    });
    await step('activation asks for storage that lasts', async () => {
      await customer.activate(setup.activation_code);
      await customer.addAccount(setup);
      const asked = await page.evaluate(() => sessionStorage.getItem('asked to persist'));
      if (asked === null) throw new Error('navigator.storage.persist was not called');
    });
    await step('the screen stays awake as long as a code is shown', async () => {
      await customer.showCode();
      await page.waitForFunction(() => /** @type {any} */ (globalThis).awake === 1);
      await press(page, 'stop');
      await screen(page, 'home');
      await page.waitForFunction(() => /** @type {any} */ (globalThis).awake === 0);
    });
    await step('a code renews itself, and when the PIN\'s time is over it asks for it again', () => renewals(customer));
    const cashier = await Cashier.arrive(keep, demo.origin, setup);
    await step('the till sounds when it has scanned and when it is paid', () => sounds(customer, cashier));
    await step('no page said an error or asked anybody else', () => {
      customer.browser.assertClean();
      cashier.browser.assertClean();
    });
  });
}

/** Runs in the page before its own scripts. */
function watchDevice() {
  // Only Safari has it, and only Safari forgets.
  Object.defineProperty(navigator, 'standalone', { value: false });
  const persist = navigator.storage?.persist;
  if (persist) {
    navigator.storage.persist = function watched() {
      sessionStorage.setItem('asked to persist', 'yes');
      return persist.call(this);
    };
  }
  const world = /** @type {any} */ (globalThis);
  world.awake = 0;
  const request = navigator.wakeLock?.request;
  if (request) {
    navigator.wakeLock.request = async function watched(type) {
      const lock = await request.call(this, type);
      world.awake += 1;
      lock.addEventListener('release', () => { world.awake -= 1; });
      return lock;
    };
  }
}

/** @param {Customer} customer */
async function renewals(customer) {
  const { page } = customer;
  await page.clock.install();
  await page.goto('about:blank');
  await customer.openWallet();
  await screen(page, 'home');
  await press(page, 'pay');
  await enterPin(customer);
  let counter = await shownCounter(page);
  for (let renewed = 0; renewed < RENEWALS; renewed += 1) {
    await page.clock.fastForward(CODE_MS);
    await page.locator(`canvas#code:not([data-counter="${counter}"])`).waitFor();
    const next = await shownCounter(page);
    if (next !== counter + 1) throw new Error(`code ${counter} was followed by ${next}`);
    counter = next;
  }
  await page.clock.fastForward(CODE_MS);
  await screen(page, 'expired');
  await press(page, 'again');
  await enterPin(customer);
  await press(page, 'stop');
}

/** @param {Customer} customer */
async function enterPin(customer) {
  await screen(customer.page, 'pay');
  await customer.typePin(PIN);
  await screen(customer.page, 'code');
}

/** @param {import('playwright-core').Page} page */
async function shownCounter(page) {
  return Number(await page.locator('canvas#code').getAttribute('data-counter'));
}

/** @param {Customer} customer @param {Cashier} cashier */
async function sounds(customer, cashier) {
  await cashier.page.addInitScript(() => {
    const world = /** @type {any} */ (globalThis);
    world.heard = [];
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function watched(/** @type {number | undefined} */ when) {
      world.heard.push({ hertz: this.frequency.value, audio: this.context });
      return start.call(this, when);
    };
  });
  await cashier.openCheckout();
  // The clock that was moved is the page's alone: a fresh one tells the real time.
  await customer.restart();
  await customer.showCode();
  cashier.isShown(await customer.pictureOfScreen('device/code'));
  await cashier.ask(AMOUNT_MINOR);
  await cashier.sees('paid');
  const heard = await cashier.page.evaluate(() => {
    const { heard: all } = /** @type {any} */ (globalThis);
    return all.map((/** @type {any} */ one) => ({ hertz: Math.round(one.hertz), state: one.audio.state }));
  });
  const tones = heard.map((/** @type {any} */ one) => one.hertz);
  if (![1760, 660, 990].every((hertz) => tones.includes(hertz))) throw new Error(`heard ${JSON.stringify(heard)}`);
  if (heard.some((/** @type {any} */ one) => one.state !== 'running')) throw new Error('the sound was not let out');
}
