/**
 * What became of the customer's devices. Whoever has looked at it has seen it: the marks stay as long as the screen does.
 */
import { t } from '/shared/i18n.js';
import { deviceName } from '../screens/devices.js';
import { notices as noticesScreen } from '../screens/notices.js';
import { isBarred } from './barred.js';
import { showLock } from './devices.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').DeviceList} DeviceList */
/** @typedef {import('../types.js').Notice} Notice */

/**
 * @param {App} app
 * @param {{ list?: DeviceList | null, fresh?: Set<number>, note?: string | null }} [with_] `fresh`: those that were unread
 *   when somebody began to look
 */
export async function showNotices(app, { list = null, fresh = new Set(), note = null } = {}) {
  const { engine, stage } = app;
  let known = list;
  const back = () => app.go('home');
  const find = (/** @type {string} */ id) => known?.devices.find((device) => device.id === id) ?? null;
  const nameOf = (/** @type {string} */ id) => {
    const device = find(id);
    return device && deviceName(device);
  };
  /** @param {string} id @returns {import('../screens/notices.js').Remedy} */
  const remedyOf = (id) => {
    if (id === engine.view().device || isBarred(app)) return 'ask';
    // Before the list is there a lock is offered all the same: it can only protect.
    return known === null || ['active', 'unsynchronised'].includes(find(id)?.status ?? '') ? 'lock' : 'over';
  };
  /** @type {import('../types.js').Scene} */
  const scene = {
    onBack: back,
    onView: () => look(),
    draw: () => {
      const { notices, device } = engine.view();
      const marked = notices.map((one) => ({ ...one, isUnread: one.isUnread || fresh.has(one.sequence) }));
      return noticesScreen({ notices: marked, device, nameOf, remedyOf, note }, {
        back,
        lock: (notice) => showLock(app, { id: notice.about, name: notice.deviceName, model: nameOf(notice.about) ?? '' }, {
          back: () => showNotices(app, { list: known, fresh }),
          done: (after) => showNotices(app, { list: after, fresh, note: t('devices.lockDone') }),
        }),
      });
    },
  };

  /** Shows what is there, and takes it as seen. */
  function look() {
    const unread = engine.view().notices.filter(({ isUnread }) => isUnread).map(({ sequence }) => sequence);
    for (const sequence of unread) fresh.add(sequence);
    stage.redraw();
    if (unread.length > 0) engine.devices.seeNotices(Math.max(...unread)).catch(() => {});
  }

  stage.show(scene);
  look();
  await engine.devices.hearNotices().catch(() => {});
  if (known !== null || isBarred(app) || stage.scene() !== scene) return;
  known = await engine.devices.list().catch(() => null);
  if (stage.scene() === scene) stage.redraw();
}
