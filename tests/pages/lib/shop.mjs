/** Everybody who is needed for a payment: the running demo, a customer with a new phone, a cashier at a new till. */
import { Cashier } from './cashier.mjs';
import { Customer } from './customer.mjs';
import { Demo } from './demo.mjs';
import { scope } from './scope.mjs';

/**
 * @typedef {object} Shop
 * @property {import('./scope.mjs').Keep} keep for what else is opened
 * @property {Demo} demo
 * @property {import('./demo.mjs').Setup} setup
 * @property {Customer} customer
 * @property {Cashier} cashier
 * @property {() => string[]} faults what the pages did that none may do
 */

/**
 * Calls `body` with a shop, and closes it afterwards.
 * @param {(shop: Shop) => Promise<void>} body
 */
export function withShop(body) {
  return scope(async (keep) => {
    const demo = await Demo.start(keep);
    const setup = await demo.setup();
    const customer = await Customer.arrive(keep, demo.origin);
    const cashier = await Cashier.arrive(keep, demo.origin, setup);
    const faults = () => [...customer.browser.faults(), ...cashier.browser.faults()];
    await body({ keep, demo, setup, customer, cashier, faults });
  });
}
