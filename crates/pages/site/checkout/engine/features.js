/**
 * What the till needs of a browser. Must not know what it is needed for, beyond the name it gives a lack.
 */

/** @returns {string | null} the first thing that is missing */
export function missingFeature() {
  if (!globalThis.isSecureContext) return 'a secure connection (HTTPS)';
  if (!globalThis.crypto?.subtle) return 'WebCrypto';
  if (!('WebAssembly' in globalThis)) return 'WebAssembly';
  if (!('locks' in navigator)) return 'Web Locks';
  if (!('timeout' in AbortSignal) || !('any' in AbortSignal)) return 'AbortSignal.any';
  return null;
}
