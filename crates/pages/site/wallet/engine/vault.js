/**
 * The wallet's keys in the browser: WebCrypto keys that no script can take out. They sign and agree on values for the
 * core, which never sees them. None of them has anything to do with the PIN.
 */
import { Fault } from './fault.js';

/** @typedef {import('./types.js').Keys} Keys */
/** @typedef {import('./types.js').KeptKeys} KeptKeys */
/** @typedef {import('./types.js').WrappedPair} WrappedPair */

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const AGREEING = 'X25519';
const WRAPPING = 'AES-KW';
const STATE_LABEL = new TextEncoder().encode('batzen/browser-vault/v1/state-key');
const KEY_LEN = 32;

/** Makes fresh keys, in the form in which they are kept. @returns {Promise<KeptKeys>} */
export async function makeKeys() {
  try {
    const signing = () => crypto.subtle.generateKey(SIGNING, false, ['sign', 'verify']);
    const [device, online, confirmation, state] = await Promise.all([
      signing(),
      signing(),
      makeAgreeing(),
      crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']),
    ]);
    return { device, online, confirmation, state };
  } catch (error) {
    // The only one of these that a browser may lack is X25519.
    throw new Fault('not_supported', String(error));
  }
}

/** Whether this browser has all that the wallet needs. */
export function isSupported() {
  return Boolean(
    globalThis.isSecureContext && globalThis.crypto?.subtle && globalThis.indexedDB && globalThis.WebAssembly &&
    navigator.locks && globalThis.AbortSignal?.any,
  );
}

/**
 * The vault of keys as they were kept.
 * @param {KeptKeys} kept
 */
export async function openVault(kept) {
  const { confirmation } = kept;
  if (!('wrapped' in confirmation)) return new Vault({ ...kept, confirmation });
  return new Vault({ ...kept, confirmation: await guarded(unwrap(confirmation)) });
}

export class Vault {
  /** @param {Keys} keys */
  constructor(keys) {
    this.#keys = keys;
  }

  /** @type {Keys} */
  #keys;

  /** The key that signs codes. @param {Uint8Array} bytes */
  signAsDevice(bytes) {
    return sign(this.#keys.device.privateKey, bytes);
  }

  /** The key that signs requests. @param {Uint8Array} bytes */
  signOnline(bytes) {
    return sign(this.#keys.online.privateKey, bytes);
  }

  devicePublic() {
    return rawPublic(this.#keys.device);
  }

  onlinePublic() {
    return rawPublic(this.#keys.online);
  }

  confirmationPublic() {
    return rawPublic(this.#keys.confirmation);
  }

  /** What the core seals its state under: the same bytes each time, to be wiped after use. */
  async stateKey() {
    return new Uint8Array(await guarded(crypto.subtle.sign('HMAC', this.#keys.state, STATE_LABEL)));
  }

  /**
   * What the confirmation key and each of these public keys agree on, one after the other; zeros where a key is none.
   * @param {Uint8Array} publicKeys 32 bytes each
   */
  async agree(publicKeys) {
    const agreed = new Uint8Array(publicKeys.length);
    for (let at = 0; at < publicKeys.length; at += KEY_LEN) {
      try {
        const raw = publicKeys.slice(at, at + KEY_LEN);
        const peer = await crypto.subtle.importKey('raw', raw, AGREEING, false, []);
        const wish = { name: AGREEING, public: peer };
        const bits = await crypto.subtle.deriveBits(wish, this.#keys.confirmation.privateKey, 8 * KEY_LEN);
        agreed.set(new Uint8Array(bits), at);
      } catch {
        // Not a key, or one of small order: the core refuses what was sealed to it.
      }
    }
    return agreed;
  }
}

/** @returns {Promise<CryptoKeyPair | WrappedPair>} */
async function makeAgreeing() {
  const pair = await generateAgreeing(false);
  return isCloneable(pair.publicKey) ? pair : wrap(await generateAgreeing(true));
}

/** @param {boolean} isExtractable */
async function generateAgreeing(isExtractable) {
  const pair = await crypto.subtle.generateKey(AGREEING, isExtractable, ['deriveBits']);
  return /** @type {CryptoKeyPair} */ (pair);
}

/**
 * WebKit stores an X25519 key without complaint and then reads nothing back, as Safari 27 and WebKitGTK 2.50 do.
 * @param {CryptoKey} key
 */
function isCloneable(key) {
  try {
    return structuredClone(key) instanceof CryptoKey;
  } catch {
    return false;
  }
}

/**
 * For such a browser: the private key as bytes that only another key opens, and that key cannot be taken out.
 * @param {CryptoKeyPair} pair
 * @returns {Promise<WrappedPair>}
 */
async function wrap({ privateKey, publicKey }) {
  const wrapping = await crypto.subtle.generateKey({ name: WRAPPING, length: 256 }, false, ['wrapKey', 'unwrapKey']);
  const [wrapped, raw] = await Promise.all([
    crypto.subtle.wrapKey('pkcs8', privateKey, wrapping, WRAPPING),
    crypto.subtle.exportKey('raw', publicKey),
  ]);
  return { wrapping, wrapped, publicKey: raw };
}

/**
 * @param {WrappedPair} pair
 * @returns {Promise<CryptoKeyPair>}
 */
async function unwrap({ wrapping, wrapped, publicKey }) {
  const [privateKey, shown] = await Promise.all([
    crypto.subtle.unwrapKey('pkcs8', wrapped, wrapping, WRAPPING, AGREEING, false, ['deriveBits']),
    crypto.subtle.importKey('raw', publicKey, AGREEING, true, []),
  ]);
  return { privateKey, publicKey: shown };
}

/**
 * @param {CryptoKey} key
 * @param {Uint8Array} bytes
 */
async function sign(key, bytes) {
  const signature = await guarded(crypto.subtle.sign(SIGNATURE, key, /** @type {BufferSource} */ (bytes)));
  return new Uint8Array(signature);
}

/** @param {CryptoKeyPair} pair */
async function rawPublic(pair) {
  return new Uint8Array(await guarded(crypto.subtle.exportKey('raw', pair.publicKey)));
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function guarded(promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Fault('vault', String(error));
  }
}
