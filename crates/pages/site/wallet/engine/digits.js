/** PINs on their way into the core. */

/**
 * Hands a PIN on as bytes, and wipes them; the core wipes its own.
 * @template T
 * @param {string} pin
 * @param {(digits: Uint8Array) => T} use
 * @returns {T}
 */
export function withDigits(pin, use) {
  const digits = new TextEncoder().encode(pin);
  try {
    return use(digits);
  } finally {
    digits.fill(0);
  }
}
