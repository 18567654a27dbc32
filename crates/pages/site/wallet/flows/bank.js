/**
 * Adding a bank account: to the bank and back. A proof is taken only for a link that this wallet itself began: whoever
 * leads somebody here with a proof of their own gets nowhere.
 */
import { faultKind, faultText } from '../faults.js';
import { addBank, bankDone, bankFinishing, bankNotDone } from '../screens/bank.js';
import { seemsOnline } from './choice.js';

/** @typedef {import('../types.js').App} App */

/**
 * @param {App} app
 * @param {{ isBusy?: boolean, fault?: string | null }} [with_]
 */
export function showAddBank(app, { isBusy = false, fault = null } = {}) {
  const back = () => app.go('home');
  app.stage.show({
    onBack: back,
    onView: () => app.stage.redraw(),
    draw: () => addBank({ isBusy, fault, name: app.engine.view().name, isOnline: seemsOnline(app) }, { back, go: () => leaveForBank(app) }),
  }, { isUpdate: isBusy });
}

/** @param {App} app */
async function leaveForBank(app) {
  showAddBank(app, { isBusy: true });
  try {
    const { url } = await app.engine.beginMethod();
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
  const { methods } = app.engine.view();
  return methods.find((method) => method.state === 'unproved' && method.link === link)?.slot ?? null;
}
