/**
 * What the server tells the wallet of payments: fetched page by page, or pushed one by one; and how anything that is sealed
 * to this wallet is opened with a key that stays in the browser. It must not know what is inside.
 */
import { confirmation_encs as confirmationEncs } from '/wasm/wallet.js';
import { core, coreKind } from './fault.js';

/** @typedef {import('./types.js').Host} Host */

/** @param {Host} host */
export async function fetchConfirmations(host) {
  for (;;) {
    const after = host.wallet().confirmed_through();
    const page = await host.askSigned('GET', `/v1/confirmations?after=${after}`);
    const { has_more: hasMore } = JSON.parse(await takePage(host, page));
    if (!hasMore || host.wallet().confirmed_through() === after) return;
  }
}

/**
 * One confirmation as it was pushed; what lies between it and the last is fetched first.
 * @param {Host} host
 * @param {string} view
 */
export async function takeNext(host, view) {
  const { sequence } = JSON.parse(view);
  const through = host.wallet().confirmed_through();
  if (sequence <= through) return;
  if (sequence > through + 1) return fetchConfirmations(host);
  await takePage(host, `{"confirmations":[${view}],"has_more":false}`);
}

/**
 * Takes a page; once more with the server's present keys if it was signed with one that is not known here.
 * @param {Host} host
 * @param {string} page
 */
async function takePage(host, page) {
  const take = () => openSealed(host, () => confirmationEncs(page),
    (own, agreed) => host.wallet().receive_page(page, own, agreed, Date.now()));
  try {
    return await take();
  } catch (error) {
    if (coreKind(error) !== 'key_unknown') throw error;
    await host.learnStanding();
    return take();
  }
}

/**
 * Has the browser agree on what `encsOf` names, hands it to the core, and stores what the core made of it.
 * @template T
 * @param {Host} host
 * @param {() => Uint8Array} encsOf
 * @param {(own: Uint8Array, agreed: Uint8Array) => T} receive
 * @returns {Promise<T>}
 */
export async function openSealed(host, encsOf, receive) {
  const vault = host.vault();
  const agreed = await vault.agree(core(encsOf));
  const own = await vault.confirmationPublic();
  try {
    return core(() => receive(own, agreed));
  } finally {
    // Also when the core stopped in the middle: what came before is kept.
    await host.save();
  }
}
