/**
 * Amounts as people type them, and the maximums a code may be given by a tap. It must not know any screen.
 */
import { minorDigits } from '/shared/i18n.js';

/** The maximums offered, in whole units of the currency. */
export const CAP_CHOICES = [20, 50, 100, 200];

/** More than any code can hold is surely a slip. */
const MINOR_MAX = 100_000_000;

/**
 * @param {number} major
 * @param {string} currency
 */
export function toMinor(major, currency) {
  return Math.round(major * 10 ** minorDigits(currency));
}

/**
 * Minor units of what was typed: `12`, `12.5`, `12,50`, `1'200.00`; null if it is no amount above zero.
 * @param {string} text
 * @param {string} currency
 * @returns {number | null}
 */
export function readAmount(text, currency) {
  const digits = minorDigits(currency);
  const plain = text.trim().replace(/[\s'’\u00a0\u202f]/g, '').replace(',', '.');
  const match = /^(\d{1,9})(?:\.(\d*))?$/.exec(plain);
  if (!match || (match[2] ?? '').length > digits) return null;
  const minor = Number(match[1]) * 10 ** digits + Number((match[2] ?? '').padEnd(digits, '0') || '0');
  return minor > 0 && minor <= MINOR_MAX ? minor : null;
}

/**
 * The next round maximum that covers `amountMinor`.
 * @param {number} amountMinor
 * @param {string} currency
 */
export function capAbove(amountMinor, currency) {
  const choice = CAP_CHOICES.map((major) => toMinor(major, currency)).find((minor) => minor >= amountMinor);
  if (choice) return choice;
  const step = toMinor(100, currency);
  return Math.ceil(amountMinor / step) * step;
}
