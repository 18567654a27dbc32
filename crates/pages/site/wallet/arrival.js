/**
 * What the page's address carried behind `#`: an activation code, or a bank's proof. It is removed from the
 * address at once, so that it stays in no history, bookmark or screenshot. It must not know what follows from it.
 */
import { scannedActivationCode } from './activation-code.js';

/** @returns {import('./types.js').Arrival} */
export function takeArrival() {
  const carried = new URLSearchParams(location.hash.slice(1));
  if (location.hash) history.replaceState(history.state, '', location.pathname + location.search);
  const code = carried.get('code');
  const link = carried.get('link');
  const hasProof = carried.has('proof') || carried.has('proof_cancelled');
  return {
    code: code ? scannedActivationCode(code) : null,
    proof: link && hasProof ? { link, proof: carried.get('proof') } : null,
  };
}
