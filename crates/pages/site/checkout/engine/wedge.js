/**
 * Tells a scanner that types from a person who types: by the speed and length of a run of digits. Needs no focus.
 * Keys are read by their place on the keyboard first, so that a scanner set to another layout is understood too.
 * Pure but for time handed in. Must not know what the digits mean.
 */

/** Longest pause between the first keys of a scan, where a person may be typing an amount. */
const PAUSE_MS_MAX = 120;
/** The same once it is known to be a scan, or where nothing else is typed: a slow scanner, a busy machine. */
const PAUSE_MS_PATIENT = 500;
/** So many digits at that speed are no person's. */
const SCANNER_DIGITS_MIN = 12;
const TEXT_DIGITS_MAX = 4096;

/**
 * What a key meant: nothing to a scan, the first of a run that may become one, a part of a scan, or its end.
 * @typedef {{ is: 'other' | 'first' | 'maybe' | 'found' | 'scan' } | { is: 'text', text: string }} Heard
 */

export class Wedge {
  #digits = '';
  #lastMs = 0;

  /**
   * @param {{ key: string, code: string }} key
   * @param {number} nowMs
   * @param {boolean} isExpected a scan is what is waited for
   * @returns {Heard} from 'found' on the keys are the scanner's and nobody else's
   */
  key({ key, code }, nowMs, isExpected) {
    // Enter ends a scan however late it comes: the page may have been busy in between.
    if ((key === 'Enter' || key === 'Tab') && this.#digits.length >= SCANNER_DIGITS_MIN) return this.take();
    const isPatient = isExpected || this.#digits.length >= SCANNER_DIGITS_MIN;
    if (nowMs - this.#lastMs > (isPatient ? PAUSE_MS_PATIENT : PAUSE_MS_MAX)) this.#digits = '';
    const place = key.length === 1 ? /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] : undefined;
    const digit = place ?? (/^\d$/.test(key) ? key : null);
    if (digit !== null) {
      this.#lastMs = nowMs;
      if (this.#digits.length < TEXT_DIGITS_MAX) this.#digits += digit;
      const { length } = this.#digits;
      if (length === 1) return { is: 'first' };
      if (length < SCANNER_DIGITS_MIN) return { is: 'maybe' };
      return { is: length === SCANNER_DIGITS_MIN ? 'found' : 'scan' };
    }
    // A scanner that sets the layout right presses Shift between its digits.
    if (key !== 'Shift') this.#digits = '';
    return { is: 'other' };
  }

  /** Whether a scan has stopped without Enter. @param {number} nowMs */
  isLeft(nowMs) {
    return this.#digits.length >= SCANNER_DIGITS_MIN && nowMs - this.#lastMs > PAUSE_MS_PATIENT;
  }

  /** What was scanned; the next key begins anew. @returns {{ is: 'text', text: string }} */
  take() {
    const text = this.#digits;
    this.#digits = '';
    return { is: 'text', text };
  }
}
