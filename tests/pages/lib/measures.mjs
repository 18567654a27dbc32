/**
 * How long a payment takes, from the marks that the pages leave: printed for people to read, never compared
 * with a limit, since a shared machine's speed is no test.
 */

/** From a customer's readiness to the end at the till, measured by others for ways to pay in shops. */
const OTHERS_S = { 'a phone': 14.0, 'a contactless card': 15.2, cash: 18.7 };
/** From the code on the screen to the phone before the camera: a person's arm. */
const HAND_MS = 3000;

/**
 * One payment, in milliseconds.
 * @typedef {{ codeMs: number, decodeMs: number, answerMs: number, captureMs: number, confirmationMs: number }} Round
 */

/**
 * Reads the marks of the payment that was just made. Both pages are on this machine, so their clocks are one.
 * @param {import('playwright-core').Page} wallet
 * @param {import('playwright-core').Page} checkout
 * @returns {Promise<Round>}
 */
export async function readRound(wallet, checkout) {
  const [typed, drawn, confirmed] = await lastMarks(wallet, ['pin-last', 'code-drawn', 'confirmation-shown']);
  const [frame, decoded, answer, captured] = await lastMarks(checkout, ['frame', 'decoded', 'answer', 'captured']);
  return {
    codeMs: drawn - typed,
    decodeMs: decoded - frame,
    answerMs: answer - decoded,
    captureMs: captured - answer,
    // Both hear from the server at once, and the phone may be the first.
    confirmationMs: Math.max(0, confirmed - captured),
  };
}

/**
 * The last mark of each name, in milliseconds of the common clock. They are in the order of what happened;
 * waits until the last of them is the latest.
 * @param {import('playwright-core').Page} page
 * @param {string[]} names
 * @returns {Promise<number[]>}
 */
async function lastMarks(page, names) {
  const marks = await page.waitForFunction((names) => {
    const atMs = names.map((name) => {
      const marks = /** @type {PerformanceMark[]} */ (performance.getEntriesByName(name, 'mark'));
      // The phone hears of the answer as well as of the capture; the capture is the end.
      const ends = marks.filter(({ detail }) => !detail?.kind || detail.kind === 'captured');
      return performance.timeOrigin + (ends.at(-1)?.startTime ?? NaN);
    });
    const isInOrder = atMs.every((at, place) => place === 0 || at >= Number(atMs[place - 1]));
    return isInOrder ? atMs : null;
  }, names);
  return /** @type {number[]} */ (await marks.jsonValue());
}

/**
 * Prints the table.
 * @param {Round[]} rounds
 * @param {number} typingMs a person's time for the PIN
 */
export function printMeasures(rounds, typingMs) {
  const medianOf = (/** @type {keyof Round} */ name) => median(rounds.map((round) => round[name]));
  /** @type {[string, number][]} */
  const rows = [
    ['a person types the PIN (--typing-ms)', typingMs],
    ["PIN's last key to code drawn", medianOf('codeMs')],
    ['a person holds the phone out', HAND_MS],
    ['frame to decoded', medianOf('decodeMs')],
    ['scan to answer', medianOf('answerMs')],
    ['answer to captured', medianOf('captureMs')],
    ['captured to confirmation shown', medianOf('confirmationMs')],
  ];
  const sumMs = rows.reduce((sum, [, ms]) => sum + ms, 0);
  console.log(`\n${'one payment, in the browser'.padEnd(40)} median of ${rounds.length}`);
  for (const [name, ms] of rows) console.log(`${name.padEnd(40)} ${ms.toFixed(0).padStart(7)} ms`);
  console.log(`${'first PIN digit to confirmation'.padEnd(40)} ${(sumMs / 1000).toFixed(1).padStart(7)} s`);
  for (const [name, s] of Object.entries(OTHERS_S)) console.log(`${`  beside ${name}`.padEnd(40)} ${s.toFixed(1).padStart(7)} s`);
  console.log('');
}

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
