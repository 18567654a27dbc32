/**
 * Keeps the API key encrypted under an AES-GCM key that the browser made and never gives out. So a copy of the
 * stored bytes alone is of no use; a page of this origin can still use it, and that is all it is for. Must not
 * know what the API key is used for.
 */

/** @typedef {{ key: CryptoKey, iv: Uint8Array<ArrayBuffer>, sealed: ArrayBuffer }} Sealed */

const CONTEXT = new TextEncoder().encode('batzen checkout api key 1');
const IV_BYTES = 12;

/**
 * @param {string} apiKey
 * @returns {Promise<Sealed>}
 */
export async function sealKey(apiKey) {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
  const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
  const plain = new TextEncoder().encode(apiKey);
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: CONTEXT }, key, plain);
  return { key, iv, sealed };
}

/**
 * @param {Sealed} kept
 * @returns {Promise<string>}
 */
export async function openKey({ key, iv, sealed }) {
  const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData: CONTEXT }, key, sealed);
  return new TextDecoder().decode(plain);
}
