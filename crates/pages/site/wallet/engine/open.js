/**
 * Opens what this browser keeps, for this page alone. It must not know what a wallet does.
 */
import init from '/wasm/wallet.js';
import { BrowserEngine } from './engine.js';
import { Fault } from './fault.js';
import { holdAlone, isPersisted, Store } from './store.js';
import { isSupported, openVault } from './vault.js';
import { freshWallet, openWallet } from './wallet.js';

/** @returns {Promise<import('./types.js').Engine>} */
export async function openEngine() {
  if (!isSupported()) throw new Fault('not_supported');
  const release = await holdAlone();
  try {
    const [store] = await Promise.all([Store.open(), init()]);
    const kept = await store.read();
    const vault = kept && await openVault(kept.keys);
    const wallet = kept && vault ? await openWallet(vault, kept.state) : await freshWallet();
    return new BrowserEngine({ store, vault, wallet, release, isKeptForGood: await isPersisted(false) });
  } catch (error) {
    release();
    throw error;
  }
}
