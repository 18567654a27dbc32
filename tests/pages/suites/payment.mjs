/**
 * One payment as issue and specification tell it: the phone is set up, the server dies, the phone is switched
 * off and on, a code is made without any network, the till films it, the server comes back. Nothing here talks
 * to the pages but clicks, keys and eyes. Then the same on an ordinary day, measured.
 */
import { assertAccessible } from '../lib/axe.mjs';
import { printMeasures, readRound } from '../lib/measures.mjs';
import { blessPicture, takePicture } from '../lib/pictures.mjs';
import { screen, see } from '../lib/screen.mjs';
import { withShop } from '../lib/shop.mjs';

const AMOUNT_MINOR = 1250;
const ROUNDS = 3;

/** @typedef {import('../lib/shop.mjs').Shop} Shop */
/** @typedef {import('../lib/runner.mjs').Step} Step */

/**
 * @param {import('../lib/runner.mjs').Tests} tests
 * @param {import('../run.mjs').Options} options
 */
export function payment(tests, { blessesPictures, typingMs }) {
  return withShop(async (shop) => {
    const step = tests.chain('payment without a network', shop.faults);
    await preparing(step, shop);
    await paying(step, shop, blessesPictures);
    await step('no page said an error or asked anybody else', () => {
      shop.customer.browser.assertClean();
      shop.cashier.browser.assertClean();
    });
    await measuring(step, shop, typingMs);
  });
}

/** @param {Step} step @param {Shop} shop */
async function preparing(step, { setup, customer }) {
  await step('the wallet is activated', async () => {
    await customer.activate(setup.activation_code);
    await assertAccessible(customer.page, 'wallet after its activation');
  });
  await step('a bank account is added at the bank', () =>
    customer.addAccount(setup, async (name) => {
      await takePicture(customer.page, `bank/${name}`, { isWhole: true });
      await assertAccessible(customer.page, `the bank's ${name}`);
    }));
}

/** @param {Step} step @param {Shop} shop @param {boolean} blessesPictures */
async function paying(step, { demo, customer, cashier }, blessesPictures) {
  let png = '';
  await step('the server is killed, the phone is switched off and on, and the wallet starts', async () => {
    await demo.kill();
    await customer.restart();
    await screen(customer.page, 'home');
    await see(customer.page, '.notices .banner');
    await assertAccessible(customer.page, 'wallet offline');
  });
  await step('a code is shown for the PIN', async () => {
    await customer.showCode();
    await assertAccessible(customer.page, 'wallet with a code');
    png = await customer.pictureOfScreen('payment/code-offline');
    if (blessesPictures) blessPicture(png, 'wallet-code');
  });
  await step("the server is back, and the till's camera reads the code: paid", async () => {
    cashier.isShown(png);
    await demo.start();
    await cashier.ask(AMOUNT_MINOR);
    await cashier.sees('paid');
    await assertAccessible(cashier.page, 'checkout after a payment');
    const path = await takePicture(cashier.page, 'payment/paid');
    if (blessesPictures) blessPicture(path, 'checkout-paid');
  });
  await step('the confirmation appears on the phone by itself', async () => {
    await customer.hears('paid');
    await assertAccessible(customer.page, 'wallet with a confirmation');
    const path = await customer.pictureOfScreen('payment/confirmation');
    if (blessesPictures) blessPicture(path, 'wallet-confirmation');
  });
}

/** Some payments with everything up, for the table. @param {Step} step @param {Shop} shop @param {number} typingMs */
async function measuring(step, { customer, cashier }, typingMs) {
  await step(`${ROUNDS} more payments are measured`, async () => {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await customer.done();
      await cashier.next();
      await customer.showCode();
      cashier.isShown(await customer.pictureOfScreen('payment/code'));
      await cashier.ask(AMOUNT_MINOR);
      await cashier.sees('paid');
      await customer.hears('paid');
      rounds.push(await readRound(customer.page, cashier.page));
    }
    printMeasures(rounds, typingMs);
  });
}
