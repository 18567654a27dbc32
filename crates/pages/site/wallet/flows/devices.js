/**
 * The customer's devices: looking at them, naming them, locking one. The list is the server's and is asked for anew each
 * time; nothing of it is kept.
 */
import { t } from '/shared/i18n.js';
import { faultKind, faultText } from '../faults.js';
import { deviceName, device as deviceScreen, devices as devicesScreen, lockOther, renameDevice } from '../screens/devices.js';
import { failed, isBarred } from './barred.js';
import { showRemove } from './remove-device.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').Device} Device */
/** @typedef {import('../types.js').DeviceList} DeviceList */

/**
 * @param {App} app
 * @param {{ note?: string | null, list?: DeviceList | null }} [with_] `list`: as the server just gave it
 */
export async function showDevices(app, { note = null, list = null } = {}) {
  const model = { list, isBusy: list === null, fault: /** @type {string | null} */ (null), note };
  const back = () => app.go('settings');
  const scene = {
    onBack: back,
    draw: () => devicesScreen(model, {
      back,
      open: (device) => showDevice(app, device, /** @type {DeviceList} */ (model.list)),
      move: () => app.go('move', { back: 'devices' }),
      notices: () => app.go('notices'),
      again: () => load(),
    }),
  };
  const load = async () => {
    Object.assign(model, { isBusy: true, fault: null });
    app.stage.redraw();
    try {
      model.list = await app.engine.devices.list();
    } catch (error) {
      if (app.stage.scene() === scene && isBarred(app)) return app.go('locked');
      model.fault = faultText(faultKind(error));
    }
    model.isBusy = false;
    if (app.stage.scene() === scene) app.stage.redraw();
  };
  app.stage.show(/** @type {import('../types.js').Scene} */ (scene));
  if (list === null) await load();
}

/**
 * @param {App} app
 * @param {Device} device
 * @param {DeviceList} list
 * @param {{ note?: string | null }} [with_]
 */
function showDevice(app, device, list, { note = null } = {}) {
  const back = () => showDevices(app, { list });
  const here = () => showDevice(app, device, list);
  app.stage.show({
    onBack: back,
    draw: () => deviceScreen({ device, isBusy: false, fault: null, note }, {
      back,
      rename: () => showRename(app, device, list),
      lock: () => (device.isThis ? app.go('settings', { ask: 'lock' }) : showLock(app, device, { back: here, done: (after) => reopened(app, device, after, t('devices.lockDone')) })),
      remove: () => showRemove(app, device, list, here),
      move: () => app.go('move', { back: 'devices' }),
    }),
  });
}

/**
 * @param {App} app
 * @param {Device} device
 * @param {DeviceList} list
 * @param {{ isBusy?: boolean, fault?: string | null, name?: string }} [with_]
 */
function showRename(app, device, list, { isBusy = false, fault = null, name = device.name } = {}) {
  const back = () => showDevice(app, device, list);
  const scene = {
    onBack: back,
    draw: () => renameDevice({ device: { ...device, name }, isBusy, fault, check: (typed) => app.engine.devices.checkName(typed) }, {
      back,
      save: async (typed) => {
        showRename(app, device, list, { isBusy: true, name: typed });
        const waiting = app.stage.scene();
        try {
          const after = await app.engine.devices.rename(device.id, typed);
          if (app.stage.scene() === waiting) reopened(app, device, after, t('devices.renamed'));
        } catch (error) {
          if (app.stage.scene() === waiting) failed(app, error, (words) => showRename(app, device, list, { fault: words, name: typed }));
        }
      },
    }),
  };
  app.stage.show(/** @type {import('../types.js').Scene} */ (scene), { isUpdate: isBusy || fault !== null });
}

/**
 * Asks, and locks another device.
 * @param {App} app
 * @param {{ id: string, name: string, model: string }} device
 * @param {{ back: () => void, done: (after: DeviceList) => void }} ways
 * @param {{ isBusy?: boolean, fault?: string | null }} [with_]
 */
export function showLock(app, device, ways, { isBusy = false, fault = null } = {}) {
  app.stage.show({
    onBack: ways.back,
    draw: () => lockOther({ name: deviceName(device), isBusy, fault }, {
      no: ways.back,
      yes: async () => {
        showLock(app, device, ways, { isBusy: true });
        const waiting = app.stage.scene();
        try {
          const after = await app.engine.devices.lock(device.id);
          if (app.stage.scene() === waiting) ways.done(after);
        } catch (error) {
          if (app.stage.scene() === waiting) failed(app, error, (words) => showLock(app, device, ways, { fault: words }));
        }
      },
    }),
  }, { isUpdate: isBusy || fault !== null });
}

/**
 * The device as it stands now, or the list if it is no longer there.
 * @param {App} app
 * @param {Device} device
 * @param {DeviceList} list
 * @param {string} note
 */
function reopened(app, device, list, note) {
  const now = list.devices.find(({ id }) => id === device.id);
  if (now) showDevice(app, now, list, { note });
  else showDevices(app, { list, note });
}
