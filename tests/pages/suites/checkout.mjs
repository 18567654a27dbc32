/** The cashier's day: by keyboard alone, with a scanner that types, without a network, and what comes after. */
import { assertAccessible } from '../lib/axe.mjs';
import { Cashier } from '../lib/cashier.mjs';
import { readCode } from '../lib/reader.mjs';
import { press, screen, see, shown } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';

const AMOUNT_MINOR = 1250;
/** A scanner types a key in about this time. */
const SCANNER_KEY_MS = 2;

/** @typedef {import('../lib/shop.mjs').Shop} Shop */
/** @typedef {import('../lib/runner.mjs').Step} Step */

/** @param {import('../lib/runner.mjs').Tests} tests */
export function checkout(tests) {
  return withShop(async (shop) => {
    const { customer, cashier, setup } = shop;
    const step = tests.chain('checkout', shop.faults);
    await step('a customer with a wallet comes in', async () => {
      await customer.activate(setup.activation_code);
      await customer.addAccount(setup);
    });
    await byKeyboard(step, shop);
    await afterwards(step, shop);
    await cutOff(step, shop);
    await step('a till is set up by typing its key', () => setUpByHand(shop));
    await step('no page said an error or asked anybody else', () => {
      customer.browser.assertClean();
      cashier.browser.assertClean();
    });
  });
}

/** The text of the code that the customer's phone now shows. @param {import('../lib/customer.mjs').Customer} customer */
async function codeOf(customer) {
  await customer.showCode();
  return readCode(await customer.pictureOfScreen('checkout-flow/code'));
}

/**
 * What a scanner types. It is a keyboard that waits for nobody: keys queue up while the page is busy, each with
 * the time at which it was pressed.
 * @param {import('playwright-core').Page} page
 * @param {string} text
 */
async function scan(page, text) {
  const session = await page.context().newCDPSession(page);
  const beganS = Date.now() / 1000;
  // No key may bear a time that is still to come.
  await new Promise((resolve) => setTimeout(resolve, (text.length + 1) * SCANNER_KEY_MS));
  const keys = [...text].map((digit) => ({ key: digit, code: `Digit${digit}`, text: digit, windowsVirtualKeyCode: digit.charCodeAt(0) }));
  const enter = { key: 'Enter', code: 'Enter', text: '\r', windowsVirtualKeyCode: 13 };
  const pressed = [...keys, enter].flatMap((key, place) => {
    const timestamp = beganS + (place * SCANNER_KEY_MS) / 1000;
    return [
      session.send('Input.dispatchKeyEvent', { ...key, timestamp, type: 'keyDown' }),
      session.send('Input.dispatchKeyEvent', { ...key, timestamp, type: 'keyUp', text: '' }),
    ];
  });
  await Promise.all(pressed);
  await session.detach();
}

/** Till and phone say that the sale is paid, and the customer puts the phone away. @param {Shop} shop */
async function bothSeePaid({ customer, cashier }) {
  await cashier.sees('paid');
  await customer.hears('paid');
  await customer.done();
}

/** @param {Step} step @param {Shop} shop */
async function byKeyboard(step, shop) {
  const { customer, cashier } = shop;
  const { page } = cashier;
  await step('a sale by keyboard and scanner alone', async () => {
    const text = await codeOf(customer);
    await page.keyboard.type(String(AMOUNT_MINOR));
    await page.keyboard.press('Enter');
    await screen(page, 'scan');
    await scan(page, text);
    await bothSeePaid(shop);
    await page.keyboard.press('Enter');
    await screen(page, 'amount');
  });
  await step('a scan right after the amount needs no further key', async () => {
    const text = await codeOf(customer);
    await page.keyboard.type(String(AMOUNT_MINOR), { delay: 200 });
    await page.waitForTimeout(200);
    await scan(page, text);
    await bothSeePaid(shop);
    await page.keyboard.press('Enter');
    await screen(page, 'amount');
  });
  await step('a misread code asks for another scan, and that one pays', async () => {
    const text = await codeOf(customer);
    await page.keyboard.type(String(AMOUNT_MINOR));
    await page.keyboard.press('Enter');
    await screen(page, 'scan');
    const other = text.at(100) === '1' ? '2' : '1';
    await scan(page, `${text.slice(0, 100)}${other}${text.slice(101)}`);
    await see(page, '[data-screen="scan"] [role="alert"] .banner');
    await assertAccessible(page, 'misread code');
    await scan(page, text);
    await bothSeePaid(shop);
    await cashier.next();
  });
  await step('the amount comes by the address', async () => {
    const text = await codeOf(customer);
    await cashier.openCheckout('?amount=12.50&reference=R-17');
    await screen(page, 'scan');
    await scan(page, text);
    await cashier.sees('paid');
    if (!(await shown(page)).includes('R-17')) throw new Error('the reference is not on the result');
    await customer.hears('paid');
    await customer.done();
    await cashier.next();
  });
}

/** Refund, hold and void, and the journal of it. @param {Step} step @param {Shop} shop */
async function afterwards(step, { customer, cashier }) {
  const { page } = cashier;
  await step('a part of a payment is given back', async () => {
    await press(page, 'last-sale');
    await screen(page, 'sale');
    await assertAccessible(page, 'sale');
    await press(page, 'ask-refund');
    await screen(page, 'confirm');
    await page.locator('[data-action="part-part"]').check();
    await page.locator('#part').fill('2.50');
    await assertAccessible(page, 'confirm a refund');
    await press(page, 'confirm');
    await cashier.sees('refunded');
    await cashier.next();
    await customer.hears('partlyRefunded');
    await customer.done();
  });
  await step('an amount is held and let go', async () => {
    await choosePlan(cashier, 'hold');
    const text = await codeOf(customer);
    await page.keyboard.type(String(AMOUNT_MINOR));
    await page.keyboard.press('Enter');
    await screen(page, 'scan');
    await scan(page, text);
    await cashier.sees('held');
    await assertAccessible(page, 'held');
    await press(page, 'open-sale');
    await screen(page, 'sale');
    await press(page, 'ask-void');
    await screen(page, 'confirm');
    await press(page, 'confirm');
    await cashier.sees('voided');
    await cashier.next();
    await customer.hears('voided');
    await customer.done();
    await choosePlan(cashier, 'capture');
  });
  await step('the journal has the day', async () => {
    await page.keyboard.press('F4');
    await screen(page, 'journal');
    await assertAccessible(page, 'journal');
    const rows = await page.locator('[data-screen="journal"] [data-action="open-sale"]').count();
    if (rows !== 5) throw new Error(`five sales were made, the journal shows ${rows}`);
    await page.keyboard.press('F2');
    await screen(page, 'amount');
  });
}

/** @param {Cashier} cashier @param {'hold' | 'capture'} plan */
async function choosePlan(cashier, plan) {
  await press(cashier.page, 'go-settings');
  await screen(cashier.page, 'settings');
  await cashier.page.locator(`[data-action="plan-${plan}"]`).check();
  await assertAccessible(cashier.page, 'settings');
  await press(cashier.page, 'go-amount');
  await screen(cashier.page, 'amount');
}

/** What a dead server or a reload in the middle leaves behind is ended. @param {Step} step @param {Shop} shop */
async function cutOff(step, { demo, customer, cashier }) {
  const { page } = cashier;
  await step('without a server the till says so, and a reload in mid-sale loses nothing', async () => {
    const text = await codeOf(customer);
    await demo.kill();
    await page.keyboard.type(String(AMOUNT_MINOR));
    await page.keyboard.press('Enter');
    await screen(page, 'scan');
    await scan(page, text);
    await screen(page, 'asking', 'result');
    await assertAccessible(page, 'asking without a server');
    await demo.start();
    await cashier.openCheckout();
    await screen(page, 'amount', 'unfinished');
    await page.locator('[data-action="go-journal"]').click();
    await screen(page, 'journal');
    await press(page, 'open-sale');
    await screen(page, 'sale');
    // What was cut off is ended by itself: nothing is left to resume.
    await see(page, '[data-screen="sale"]:not(:has([data-action="resume"]))');
    await assertAccessible(page, 'sale that was cut off');
  });
}

/** @param {Shop} shop */
async function setUpByHand({ keep, demo, setup }) {
  const cashier = await Cashier.arriveUnset(keep, demo.origin);
  const { page } = cashier;
  await assertAccessible(page, 'set up');
  await page.locator('#key').fill('wrong');
  await press(page, 'check');
  await see(page, '[data-screen="setup"] [role="alert"] .banner');
  await page.locator('#key').fill(setup.api_key);
  await page.locator('#till').fill(setup.till);
  await press(page, 'check');
  await screen(page, 'setup-confirm');
  await assertAccessible(page, 'set up, before it is used');
  await press(page, 'use');
  await screen(page, 'amount');
  cashier.browser.assertClean();
}
