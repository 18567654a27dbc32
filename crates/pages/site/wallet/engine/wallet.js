/**
 * The core's wallet: opened from what is kept, or fresh. It must not know where anything is kept.
 */
import { Wallet } from '/wasm/wallet.js';
import { core } from './fault.js';
import { ask } from './server.js';

const REALM_FILE = '/wallet/realm.json';

/**
 * @param {import('./vault.js').Vault} vault
 * @param {Uint8Array} sealed
 */
export async function openWallet(vault, sealed) {
  const stateKey = await vault.stateKey();
  try {
    return core(() => Wallet.open(stateKey, sealed));
  } finally {
    stateKey.fill(0);
  }
}

/**
 * Takes over what this page came with: it may be a later version of the app than the wallet knows.
 * @param {Wallet} wallet
 */
export async function takeNewApp(wallet) {
  try {
    const realmFile = await ask('GET', REALM_FILE);
    core(() => wallet.update_app(realmFile));
  } catch {
    // No network, or another installation's page: the wallet keeps what it has.
  }
}

/** A wallet that is not activated, of the realm that this page came with. */
export async function freshWallet() {
  const realmFile = await ask('GET', REALM_FILE);
  return core(() => Wallet.fresh(realmFile));
}
