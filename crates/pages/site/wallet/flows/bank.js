/**
 * Adding a bank account: to the bank and back. Which slot a proof is for is remembered under the link's number,
 * as the page itself goes away in between.
 */
import { faultKind, faultText } from '../faults.js';
import { addBank, bankDone, bankFinishing, bankNotDone } from '../screens/bank.js';
import { seemsOnline } from './choice.js';

/** @typedef {import('../types.js').App} App */

const SLOT_PREFIX = 'batzen.link.';

/**
 * @param {App} app
 * @param {{ isBusy?: boolean, fault?: string | null }} [with_]
 */
export function showAddBank(app, { isBusy = false, fault = null } = {}) {
  const back = () => app.go('home');
  app.stage.show({
    onBack: back,
    onView: () => app.stage.redraw(),
    draw: () => addBank({ isBusy, fault, isOnline: seemsOnline(app) }, { back, go: () => leaveForBank(app) }),
  }, { isUpdate: isBusy });
}

/** @param {App} app */
async function leaveForBank(app) {
  showAddBank(app, { isBusy: true });
  try {
    const { slot, url } = await app.engine.beginMethod();
    const link = new URL(url, location.href).searchParams.get('link');
    if (link) sessionStorage.setItem(SLOT_PREFIX + link, String(slot));
    location.assign(url);
  } catch (error) {
    showAddBank(app, { fault: faultText(faultKind(error)) });
  }
}

/**
 * Takes what the bank sent back.
 * @param {App} app
 */
export async function finish(app) {
  const back = app.arrival.proof;
  app.arrival.proof = null;
  if (!back) return app.go('home');
  const slot = slotOf(app, back.link);
  if (back.proof === null || slot === null) return notDone(app, back.proof === null ? null : faultText('proof_refused'));
  app.stage.show({ draw: bankFinishing });
  try {
    const method = await app.engine.finishMethod(slot, back.proof);
    sessionStorage.removeItem(SLOT_PREFIX + back.link);
    app.stage.show({ draw: () => bankDone({ method }, { pay: () => app.go('pay'), home: () => app.go('home') }) });
  } catch (error) {
    const kind = faultKind(error);
    // The proof is still good: only the way to the server was not.
    const isWorthRepeating = ['offline', 'busy', 'server', 'too_many_requests'].includes(kind);
    const again = () => { app.arrival.proof = back; return finish(app); };
    notDone(app, faultText(kind), isWorthRepeating ? again : undefined);
  }
}

/**
 * @param {App} app
 * @param {string | null} fault
 * @param {() => void} [retry]
 */
function notDone(app, fault, retry = () => showAddBank(app)) {
  app.stage.show({ draw: () => bankNotDone({ fault }, { retry, home: () => app.go('home') }) });
}

/**
 * @param {App} app
 * @param {string} link
 */
function slotOf(app, link) {
  const stored = sessionStorage.getItem(SLOT_PREFIX + link);
  if (stored !== null) return Number(stored);
  // The bank may have come back in another tab: then only one account can be meant, or none.
  const waiting = app.engine.view().methods.filter((method) => method.state === 'unproved');
  return waiting.length === 1 ? waiting[0].slot : null;
}
