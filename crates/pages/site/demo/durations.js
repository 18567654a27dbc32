/**
 * Durations as people read them: microseconds for what a server does in passing, milliseconds, and
 * seconds where a person could count along. It must not know what took so long.
 */
import { number } from '/shared/i18n.js';

/** @param {number} ms */
export function duration(ms) {
  if (ms < 0.9995) return `${number(Math.max(1, Math.round(ms * 1000)))} µs`;
  if (ms < 10) return `${number(ms, { maximumFractionDigits: 1 })} ms`;
  if (ms < 999.5) return `${number(Math.round(ms))} ms`;
  return seconds(ms);
}

/**
 * @param {number} ms
 * @param {number} [digits]
 */
export function seconds(ms, digits = 2) {
  return `${number(ms / 1000, { minimumFractionDigits: digits, maximumFractionDigits: digits })} s`;
}
