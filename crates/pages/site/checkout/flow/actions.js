/**
 * What a person can do at the till, put together from its parts: selling, looking back, ending what is unfinished,
 * setting up. Only here the parts meet. Must not know how anything is drawn, stored or sent.
 */

import { readOrder } from '../engine/address.js';
import { Fault, faultOf } from '../engine/fault.js';
import { settingsScreen } from '../screens/settings.js';
import { Ending } from './ending.js';
import { Ledger } from './ledger.js';
import { Selling } from './selling.js';
import { SettingUp } from './setting-up.js';

/** @typedef {import('../types').Actions} Actions */
/** @typedef {import('../engine/till.js').Till} Till */
/** @typedef {import('./desk.js').Desk} Desk */
/**
 * What the parts share.
 * @typedef {object} Flow
 * @property {Desk} desk
 * @property {Till} till
 * @property {Actions} actions
 * @property {() => import('../types').Chrome} chrome
 * @property {() => void} home
 * @property {(work: Promise<unknown>) => void} run reports a fault of work that nobody waits for
 */

/**
 * @param {Desk} desk
 * @param {Till} till
 */
export function makeActions(desk, till) {
  /** @type {Flow} */
  const flow = {
    desk,
    till,
    actions: /** @type {Actions} */ ({}),
    chrome: () => ({
      setup: till.setup, isOnline: till.isOnline, isMuted: till.settings.isMuted, openCount: till.open().length,
    }),
    home: () => selling.begin(),
    run: (work) => void work.catch((thrown) => desk.fail(faultOf(thrown))),
  };
  const selling = new Selling(flow);
  const ledger = new Ledger(flow);
  const ending = new Ending(flow);
  const setting = new SettingUp(flow);
  const settings = () => desk.show('settings', () => settingsScreen({ ...flow.chrome(), plan: till.settings.plan }, flow.actions));

  Object.assign(flow.actions, selling.actions(), ledger.actions(), setting.actions(), /** @type {Partial<Actions>} */ ({
    go: (to) => ({ amount: () => selling.begin(), journal: () => ledger.today(), settings, unfinished: () => ending.show() })[to](),
    mute: () => flow.run(till.set({ isMuted: !till.settings.isMuted })),
    plan: (plan) => flow.run(till.set({ plan })),
    newSale: () => selling.begin(),
    resume: (sale) => selling.resume(sale),
    endAll: () => flow.run(ending.run()),
    reload: () => location.reload(),
    back: () => {
      if (desk.name === 'scan') selling.toAmount();
      else if (desk.name === 'sale') ledger.back();
      else if (desk.name === 'confirm') ledger.backToSale();
      else if (desk.name.startsWith('setup')) setting.back();
    },
  }));
  desk.actions = flow.actions;
  ending.onEnded = (result) => selling.news(result);
  ledger.perform = (sale, action, amountMinor) => selling.perform(sale, action, amountMinor);
  till.follow(() => desk.redraw());

  /** What the till begins with once it is set up. */
  const open = async () => {
    selling.order(readOrder());
    await till.check();
    ending.keepTrying();
    if (till.isKeyRefused) return desk.fail(new Fault('key_refused'));
    if (till.open().length === 0) return selling.begin();
    ending.show();
    if (till.isOnline) flow.run(ending.run());
  };
  setting.onDone = () => flow.run(open());

  return {
    keys: {
      screen: () => desk.name,
      remember: () => selling.remember(),
      scanned: (/** @type {string} */ text) => selling.scanned(text),
      key: (/** @type {string} */ key) => flow.actions.key(key),
    },
    parent: {
      picture: (/** @type {ImageBitmap} */ bitmap) => flow.run(selling.picture(bitmap)),
      amount: (/** @type {number} */ amountMinor, /** @type {string | null} */ reference) => selling.amount(amountMinor, reference),
      setup: (/** @type {{ key: string, till: string, currency: string }} */ wish) => flow.run(setting.fromParent(wish)),
    },
    /** @param {{ apiKey: string, till: string, currency: string } | null} link */
    start: async (link) => {
      if (link) return setting.fromLink(link);
      if (!till.setup) return setting.show();
      return open();
    },
  };
}
