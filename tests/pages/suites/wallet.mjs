/** What can go wrong with a wallet, on the pages themselves: each has a screen that says so. */
import { assertAccessible } from '../lib/axe.mjs';
import { Cashier } from '../lib/cashier.mjs';
import { Customer, PIN, WRONG_PIN } from '../lib/customer.mjs';
import { press, screen, see } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';
import { writeLetter } from '../lib/symbol.mjs';

const AMOUNT_MINOR = 1250;
const CAP_MINOR = 5000;
/** The demo's account has 200.00 at first. */
const DRAINING_MINOR = 5000;
const DRAINING_PAYMENTS = 3;

/** @typedef {import('../lib/shop.mjs').Shop} Shop */
/** @typedef {import('../lib/runner.mjs').Step} Step */

/** @param {import('../lib/runner.mjs').Tests} tests */
export function wallet(tests) {
  return withShop(async (shop) => {
    const { customer, cashier, setup } = shop;
    const step = tests.chain('wallet', shop.faults);
    await step('is activated and has an account', async () => {
      await customer.activate(setup.activation_code);
      await customer.addAccount(setup);
    });
    await step('a proof that the wallet did not ask for is taken by no link', async () => {
      // As from another page: only a page that is loaded looks for a proof.
      await customer.page.goto('about:blank');
      await customer.openWallet(`#proof=${'x'.repeat(43)}&link=00000000-0000-4000-8000-000000000000`);
      await screen(customer.page, 'bank-refused');
      await press(customer.page, 'home');
      await screen(customer.page, 'home');
    });
    await refusals(step, shop);
    await device(step, shop);
    await locks(step, shop);
    await step('no page said an error or asked anybody else', () => {
      customer.browser.assertClean();
      cashier.browser.assertClean();
    });
  });
}

/**
 * The customer shows a code, the till films it and says what came of it.
 * @param {Shop} shop
 * @param {{ pin?: string, capMinor?: number, till?: string, amountMinor?: number }} wish
 * @param {string} outcome
 * @returns {Promise<string>} what was filmed
 */
async function pay({ customer, cashier }, { pin = PIN, capMinor = CAP_MINOR, till = '', amountMinor = AMOUNT_MINOR }, outcome) {
  await customer.showCode({ pin, capMinor, till });
  const png = await customer.pictureOfScreen('wallet-flow/code');
  cashier.isShown(png);
  await cashier.ask(amountMinor);
  await cashier.sees(outcome);
  return png;
}

/** What the server or the bank refuses. @param {Step} step @param {Shop} shop */
async function refusals(step, shop) {
  const { keep, demo, setup, customer, cashier } = shop;
  await step('a wrong PIN is declined at the till, and the phone says how many tries are left', async () => {
    await pay(shop, { pin: WRONG_PIN }, 'declined');
    await customer.hears('declined', 'wrong_pin');
    await see(customer.page, '.tries', '2');
    await assertAccessible(customer.page, 'wrong PIN');
    await customer.done();
    await cashier.next();
  });
  let png = '';
  await step('the right PIN pays', async () => {
    png = await pay(shop, {}, 'paid');
    await customer.hears('paid');
    await customer.done();
    await cashier.next();
  });
  await step('a used code is refused by the till that knows it, and by another till', async () => {
    cashier.isShown(png);
    await cashier.ask(AMOUNT_MINOR);
    await see(cashier.page, '[data-screen="scan"] [role="alert"] .banner');
    await assertAccessible(cashier.page, 'used code at the same till');
    await press(cashier.page, 'back');
    const other = await Cashier.arrive(keep, demo.origin, setup);
    other.isShown(png);
    await other.ask(AMOUNT_MINOR);
    await other.sees('declined');
    other.browser.assertClean();
    await other.browser.close();
    await cashier.openCheckout();
  });
  await step('an amount above the maximum is declined, and the phone offers a higher one', async () => {
    await pay(shop, { capMinor: 1000 }, 'declined');
    await customer.hears('declined', 'cap_exceeded');
    await assertAccessible(customer.page, 'above the maximum');
    await customer.done();
    await cashier.next();
  });
  await step('an empty account is declined, and the phone says so', async () => {
    const { till } = setup;
    for (let paid = 0; paid < DRAINING_PAYMENTS; paid += 1) {
      await pay(shop, { till, amountMinor: DRAINING_MINOR }, 'paid');
      await customer.hears('paid');
      await customer.done();
      await cashier.next();
    }
    await pay(shop, { till, amountMinor: DRAINING_MINOR }, 'declined');
    await customer.hears('declined', 'insufficient_funds');
    await assertAccessible(customer.page, 'empty account');
    await customer.done();
    await cashier.next();
  });
}

/** What the device does to the page. @param {Step} step @param {Shop} shop */
async function device(step, { customer, demo }) {
  await step('the code is hidden when the page is no longer seen, and asks for the PIN again', async () => {
    await customer.showCode();
    const { page } = customer;
    const session = await page.context().newCDPSession(page);
    // Otherwise the browser lets every page believe that it is being looked at.
    await session.send('Emulation.setFocusEmulationEnabled', { enabled: false });
    const other = await page.context().newPage();
    await other.bringToFront();
    await screen(page, 'hidden');
    if ((await page.locator('#code').count()) > 0) throw new Error('the code is still there');
    await other.close();
    await page.bringToFront();
    await session.send('Emulation.setFocusEmulationEnabled', { enabled: true });
    await assertAccessible(page, 'hidden code');
    await press(page, 'again');
    await screen(page, 'pay');
    await press(page, 'back');
  });
  await step('keys cannot be taken out of the browser', async () => {
    const found = await customer.page.evaluate(takeKeysOut);
    if (found.kept < 4 || found.taken.length > 0) throw new Error(`of ${found.kept} keys came out: ${found.taken}`);
  });
  await step('a second tab says that the wallet is open elsewhere', async () => {
    const second = await customer.page.context().newPage();
    await second.goto(`${demo.origin}/wallet/`);
    await screen(second, 'fault[data-fault="other_tab"]');
    await assertAccessible(second, 'second tab');
    await second.close();
    await customer.page.bringToFront();
    await screen(customer.page, 'home');
  });
  await step('a full storage makes no code, and says so', async () => {
    await customer.browser.close();
    await customer.browser.open();
    // Before the page opens its storage: the browser asks for the room that is left only once in a while.
    const blank = await customer.browser.page();
    const session = await blank.context().newCDPSession(blank);
    await session.send('Storage.overrideQuotaForOrigin', { origin: demo.origin, quotaSize: 1 });
    await customer.openWallet();
    await screen(customer.page, 'home');
    await press(customer.page, 'pay');
    await screen(customer.page, 'pay');
    await customer.typePin(PIN);
    await screen(customer.page, 'fault[data-fault="storage_full"]');
    await assertAccessible(customer.page, 'full storage');
  });
  await step('with room again it makes codes', async () => {
    await customer.restart();
    await customer.showCode();
    await press(customer.page, 'stop');
    await screen(customer.page, 'home');
  });
}

/** What locks a wallet for good. @param {Step} step @param {Shop} shop */
async function locks(step, shop) {
  const { keep, demo, customer, cashier } = shop;
  await step('the third wrong PIN locks the wallet, which stays locked after a restart', async () => {
    for (const cause of ['wrong_pin', 'wrong_pin', 'pin_locked']) {
      await pay(shop, { pin: WRONG_PIN }, 'declined');
      await screen(customer.page, 'result[data-outcome="declined"]', 'locked');
      await cashier.next();
      if (cause !== 'pin_locked') await customer.done();
    }
    await customer.restart();
    await screen(customer.page, 'locked[data-standing="locked_pin"]');
    await assertAccessible(customer.page, 'locked by the PIN');
  });
  const other = await Customer.arrive(keep, demo.origin, { withCamera: true });
  await step('an activation code is scanned instead of typed', async () => {
    const { activation_code } = await demo.setup();
    await other.activateByCamera(await writeLetter(`${demo.origin}/wallet/#code=${activation_code}`, other.browser.profile));
  });
  await step('a customer locks a lost device from the device itself, and it stays locked', async () => {
    if ((await screen(other.page, 'home', 'add-bank')) === 'add-bank') await press(other.page, 'back');
    await press(other.page, 'settings');
    await screen(other.page, 'settings');
    await assertAccessible(other.page, 'settings');
    await press(other.page, 'lock');
    await screen(other.page, 'lock');
    await press(other.page, 'confirm');
    await screen(other.page, 'lock-sure');
    await press(other.page, 'confirm');
    await screen(other.page, 'locked[data-standing="locked_customer"]');
    await other.restart();
    await screen(other.page, 'locked[data-standing="locked_customer"]');
    other.browser.assertClean();
    await other.browser.close();
  });
}

/**
 * What a thief would type into the developer tools: runs in the page.
 * @returns {Promise<{ kept: number, taken: string[] }>}
 */
async function takeKeysOut() {
  const asked = indexedDB.open('batzen-wallet');
  await new Promise((resolve) => { asked.onsuccess = resolve; });
  const shelf = asked.result.transaction('wallet').objectStore('wallet').get('keys');
  await new Promise((resolve) => { shelf.onsuccess = resolve; });
  asked.result.close();
  const { device, online, confirmation, state } = shelf.result;
  const keys = Object.entries({ device: device.privateKey, online: online.privateKey, confirmation: confirmation.privateKey, state });
  /** @type {string[]} */
  const taken = [];
  for (const [name, key] of keys) {
    for (const format of /** @type {('raw' | 'pkcs8' | 'jwk')[]} */ (['raw', 'pkcs8', 'jwk'])) {
      await crypto.subtle.exportKey(/** @type {any} */ (format), key).then(() => taken.push(`${name} as ${format}`), () => {});
    }
  }
  return { kept: keys.filter(([, key]) => key instanceof CryptoKey).length, taken };
}
