/**
 * A PIN change (spec/pin-change.md) or reset by a code (spec/device-life.md) after it was begun: the same bytes are sent until the server's word on them is known,
 * and until then the PIN so far is the one to use. It must not know what is in the bytes.
 */
import { coreKind, Fault } from './fault.js';

/** After these the server has not changed the PIN with this request and never will. */
const REFUSALS = ['wrong-pin', 'activation-refused', 'wrong-state', 'malformed-request'];
/** It was looked at and found wrong: there is nothing to ask about. */
const GUESSES = ['wrong-pin', 'activation-refused'];

/**
 * @typedef {object} PinChange
 * @property {() => boolean} isUnderWay
 * @property {() => Promise<void>} send sends it and takes the answer in
 * @property {() => Promise<void>} learnStanding
 * @property {() => Promise<void>} rollBack wipes the new PIN's secret
 */

/**
 * Throws what the server refused it for, or why there is no answer; after the latter it is still under way.
 * @param {PinChange} change
 */
export async function sendPinChange(change) {
  try {
    await change.send();
  } catch (error) {
    const kind = coreKind(error) ?? '';
    if (!REFUSALS.includes(kind)) throw error;
    if (GUESSES.includes(kind)) await endGuess(change);
    else if (await isDone(change)) return;
    if (kind === 'wrong-pin') throw error;
    throw new Fault(kind === 'activation-refused' ? 'pin_code_refused' : 'refused', `PIN change: ${kind}`);
  }
}

/**
 * A wrong PIN or code costs a try each time that it is sent, so nothing comes before it is given up.
 * @param {PinChange} change
 */
async function endGuess({ rollBack, learnStanding }) {
  await rollBack();
  // How many tries are left, or that there are none; without a network that is learnt later.
  await learnStanding().catch(() => {});
}

/**
 * The server may have made the change, lost the answer, and locked the wallet since: its standing tells, and only then
 * may the new PIN's secret go.
 * @param {PinChange} change
 */
async function isDone({ isUnderWay, rollBack, learnStanding }) {
  await learnStanding();
  if (!isUnderWay()) return true;
  await rollBack();
  return false;
}
