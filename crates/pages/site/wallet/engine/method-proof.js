/**
 * Where a method is proved: at the bank's own page, with the way back. It must not know who asks the server.
 */
import { Fault } from './fault.js';

/** @typedef {import('./types.js').MethodText} MethodText */

/** A method that can no longer be proved when the customer comes back from the bank is of no use. */
const PROVE_WITHIN_MS = 60_000;

/** A method that was added and can still be proved. @param {MethodText[]} methods */
export function waiting(methods) {
  return methods.find(({ state, prove_by_ms: byMs }) => state === 'unproved' && (byMs ?? 0) > Date.now() + PROVE_WITHIN_MS);
}

/** Where the bank proves the account, with the way back. @param {MethodText} method */
export function proofAddress({ proof_page_url: page, link, partner }) {
  if (!page || !link || !partner) throw new Fault('server', 'the server did not say where the account is to be proved');
  const address = new URL(page, location.origin);
  const isSafe = address.protocol === 'https:' || address.origin === location.origin;
  if (!isSafe) throw new Fault('server', 'the bank\'s address is not a safe one');
  address.searchParams.set('link', link);
  address.searchParams.set('partner', partner);
  address.searchParams.set('return', `${location.origin}/wallet/`);
  address.searchParams.set('lang', document.documentElement.lang);
  return address.href;
}
