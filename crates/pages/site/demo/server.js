/**
 * What the front page asks the demo's server: what one needs to pay, once per visit, and how long
 * each step of a payment took. It must not know frames or elements.
 */

/** @typedef {import('./types.js').Setup} Setup */
/** @typedef {import('./types.js').Measured} Measured */

const TRIES_MAX = 8;
const PAUSE_MS = 250;

/** @type {Set<string>} payments that an earlier round was told of */
const told = new Set();

/** @returns {Promise<Setup>} */
export async function askSetup() {
  const answer = await fetch('/demo/setup');
  if (!answer.ok) throw new Error(`the set-up answered ${answer.status}`);
  return answer.json();
}

/**
 * The steps of a payment; null if the server has not measured it after a few tries. A declined code
 * may have left no payment to name: then the latest that was not told yet is meant.
 * @param {string | null} payment
 * @returns {Promise<Measured | null>}
 */
export async function askSteps(payment) {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const all = await steps();
    const found = payment ? all.find((one) => one.payment === payment) : all.find((one) => !told.has(nameOf(one)));
    if (found) {
      told.add(nameOf(found));
      return found;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return null;
}

/** Payments from before this visit are told already. */
export async function skipEarlier() {
  for (const one of await steps()) told.add(nameOf(one));
}

/** @returns {Promise<Measured[]>} */
async function steps() {
  try {
    const answer = await fetch('/demo/steps', { cache: 'no-store' });
    return answer.ok ? (await answer.json()).payments : [];
  } catch {
    return [];
  }
}

/** @param {Measured} one */
function nameOf(one) {
  return `${one.payment} ${one.at_ms}`;
}
