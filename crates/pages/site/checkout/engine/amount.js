/**
 * Amounts as they are typed: cents first on the pad, like on a till, or as a decimal in a link or a field. Whole
 * numbers throughout. Pure. Must not know how an amount is shown.
 */

/** Most digits on the pad: 999 999.99 in a currency of two decimals. */
export const DIGITS_MAX = 8;

/**
 * The amount after one more key.
 * @param {number} amountMinor
 * @param {string} key '0'…'9', '00', 'back' or 'clear'
 */
export function afterKey(amountMinor, key) {
  if (key === 'clear') return 0;
  if (key === 'back') return Math.floor(amountMinor / 10);
  if (!/^\d{1,2}$/.test(key)) return amountMinor;
  const next = amountMinor * 10 ** key.length + Number(key);
  return next < 10 ** DIGITS_MAX ? next : amountMinor;
}

/**
 * `12.50`, `12,5` or `12` in minor units; null if it is no amount above zero.
 * @param {string | null} text
 * @param {number} digits how many decimals the currency has
 */
export function amountFromText(text, digits) {
  const parts = /^\s*(\d{1,7})(?:[.,](\d*))?\s*$/.exec(text ?? '');
  if (!parts) return null;
  const [, whole, fraction = ''] = parts;
  if (fraction.length > digits) return null;
  const amountMinor = Number(whole + fraction.padEnd(digits, '0'));
  return amountMinor > 0 && amountMinor < 10 ** DIGITS_MAX ? amountMinor : null;
}

/**
 * The amount for a field that takes decimals, `12.50`.
 * @param {number} amountMinor
 * @param {number} digits
 */
export function amountText(amountMinor, digits) {
  const text = String(amountMinor).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
