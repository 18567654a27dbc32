/**
 * An activation request: drafted by the core, signed by the browser's new keys. It must not know how it is stored or sent.
 */
import { describeBrowser } from './browser.js';
import { withDigits } from './digits.js';
import { core } from './fault.js';

/** After these the server will never take the same request. */
export const REFUSED_FOR_GOOD = ['activation-refused', 'app-refused', 'challenge-expired', 'malformed-request'];

/**
 * Takes the request into the core's state; it is sent once that is stored.
 * @param {import('/wasm/wallet.js').Wallet} wallet
 * @param {import('./vault.js').Vault} vault
 * @param {{ code: string, pin: string, challenge: string }} wish
 */
export async function signActivation(wallet, vault, { code, pin, challenge }) {
  const [device, online, confirmation] = await Promise.all(
    [vault.devicePublic(), vault.onlinePublic(), vault.confirmationPublic()]);
  const draft = core(() => withDigits(pin, (digits) => wallet.draft_activation(
    code, challenge, digits, describeBrowser(), device, online, confirmation, Date.now())));
  const [request, deviceProof, onlineProof] = await Promise.all([
    vault.signAsDevice(draft.certificate_request()),
    vault.signAsDevice(draft.device_proof()),
    vault.signOnline(draft.online_proof()),
  ]);
  return core(() => wallet.begin_activation(draft, request, deviceProof, onlineProof));
}
