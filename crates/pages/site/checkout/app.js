/**
 * Starts the checkout page: opens the till and wires screens, keyboard, scanner and frame to it. What the page does
 * is in `flow/`, what it keeps and sends in `engine/`, what it shows in `screens/`.
 */

import { takeSetup } from './engine/address.js';
import { faultOf, Fault } from './engine/fault.js';
import { missingFeature } from './engine/features.js';
import { hearParent, tellReady } from './engine/frame.js';
import { holdTill } from './engine/lock.js';
import { Store } from './engine/store.js';
import { Till } from './engine/till.js';
import { makeActions } from './flow/actions.js';
import { Desk } from './flow/desk.js';
import { listenToKeys } from './flow/keyboard.js';
import { openingScreen } from './screens/fault.js';

const link = takeSetup();
const root = /** @type {HTMLElement} */ (document.getElementById('root'));
const desk = new Desk(root);

open().catch((thrown) => desk.fail(faultOf(thrown)));

async function open() {
  desk.show('opening', openingScreen);
  const missing = missingFeature();
  if (missing) throw new Fault('not_supported', missing);
  await holdTill(() => desk.fail(new Fault('other_tab')));
  desk.show('opening', openingScreen);
  const till = new Till(await Store.open(), await loadCore());
  const flow = makeActions(desk, till);
  await till.load();
  listenToKeys(root, flow);
  hearParent(flow.parent);
  // The page stands before anybody is told that it is ready: a parent may answer at once.
  await flow.start(link);
  tellReady(till.setup !== null);
}

/** @returns {Promise<import('./types').Core>} */
async function loadCore() {
  const core = await import('/wasm/checkout.js');
  await core.default();
  return core;
}
