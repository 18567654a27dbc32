/**
 * One payment as issue and specification tell it: the phone is set up, the server dies, the phone is switched
 * off and on, a code is made without any network, the till films it, the server comes back. Nothing here talks
 * to the pages but clicks, keys and eyes. Then the same on an ordinary day, measured.
 */
import { assertAccessible } from '../lib/axe.mjs';
import { Cashier } from '../lib/cashier.mjs';
import { Customer } from '../lib/customer.mjs';
import { Demo } from '../lib/demo.mjs';
import { printMeasures, readRound } from '../lib/measures.mjs';
import { blessPicture, takePicture } from '../lib/pictures.mjs';
import { screen } from '../lib/screen.mjs';

const AMOUNT_MINOR = 1250;
const ROUNDS = 3;

/**
 * @param {import('../lib/runner.mjs').Tests} tests
 * @param {import('../run.mjs').Options} options
 */
export async function payment(tests, { blessesPictures, typingMs }) {
  const demo = await Demo.start();
  const setup = await demo.setup();
  const customer = await Customer.arrive(demo.origin);
  const cashier = await Cashier.arrive(demo.origin, setup);
  const step = tests.chain('payment without a network', () => [...customer.browser.faults(), ...cashier.browser.faults()]);
  let png = '';
  try {
    await step('the wallet is activated', async () => {
      await customer.activate(setup.activation_code);
      await assertAccessible(customer.page, 'wallet after its activation');
    });
    await step('a bank account is added at the bank', () =>
      customer.addAccount(setup, async (name) => {
        await takePicture(customer.page, `bank/${name}`, { isWhole: true });
        await assertAccessible(customer.page, `the bank's ${name}`);
      }));
    await step('the server is killed, the phone is switched off and on, and the wallet starts', async () => {
      await demo.kill();
      await customer.restart();
      await screen(customer.page, 'home');
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
    await step('no page said an error or asked anybody else', () => {
      customer.browser.assertClean();
      cashier.browser.assertClean();
    });
    await measured(step, customer, cashier, typingMs);
  } finally {
    await customer.leave();
    await cashier.leave();
    await demo.end();
  }
}

/**
 * Some payments with everything up, for the table.
 * @param {(step: string, body: import('../lib/runner.mjs').Body) => Promise<void>} step
 * @param {Customer} customer
 * @param {Cashier} cashier
 * @param {number} typingMs
 */
async function measured(step, customer, cashier, typingMs) {
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
