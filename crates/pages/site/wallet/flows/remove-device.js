/**
 * Ending a device for good, by this one's PIN. That it is the customer's last one is said before anything is asked of the
 * server.
 */
import { t } from '/shared/i18n.js';
import { faultKind, faultText } from '../faults.js';
import { deviceName } from '../screens/devices.js';
import { enterPin } from '../screens/pin.js';
import { removeDevice, removedThis, removeLast, removeThis, removing } from '../screens/remove-device.js';
import { failed } from './barred.js';
import { wrongPinText, wrongLength } from './pin.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').Device} Device */
/** @typedef {{ device: Device, isLost: boolean, isLast: boolean, back: () => void }} Wish */

/**
 * @param {App} app
 * @param {Device} device
 * @param {import('../types.js').DeviceList} list
 * @param {() => void} back
 */
export function showRemove(app, device, list, back) {
  const isLast = list.devices.length === 1;
  const ask = (/** @type {boolean} */ isLost) => () => askPin(app, { device, isLost, isLast, back });
  if (isLast) return showLast(app, { device, isLost: false, isLast, back });
  app.stage.show({
    onBack: back,
    draw: () => (device.isThis
      ? removeThis({}, { yes: ask(false), no: back })
      : removeDevice({ name: deviceName(device) }, { lost: ask(true), unused: ask(false), no: back })),
  });
}

/**
 * @param {App} app
 * @param {Wish} wish
 */
function showLast(app, wish) {
  app.stage.show({
    onBack: wish.back,
    draw: () => removeLast({}, { no: wish.back, yes: () => askPin(app, { ...wish, isLast: true }) }),
  });
}

/**
 * @param {App} app
 * @param {Wish} wish
 * @param {string | null} [fault]
 */
function askPin(app, wish, fault = null) {
  app.stage.show({
    onBack: wish.back,
    onAway: () => app.stage.redraw(),
    draw: () => enterPin('remove-pin', { title: t('pin.enter'), text: t('remove.pinText', { name: deviceName(wish.device) }), triesLeft: app.engine.view().pinTriesLeft, fault }, {
      back: wish.back,
      pin: (pin) => {
        const refused = wrongLength(app, pin);
        if (refused) askPin(app, wish, faultText(refused));
        else run(app, wish, pin);
      },
    }),
  });
}

/**
 * @param {App} app
 * @param {Wish} wish
 * @param {string} pin
 */
async function run(app, wish, pin) {
  app.stage.show({ draw: removing });
  const { device, isLost, isLast } = wish;
  try {
    const list = await app.engine.devices.revoke({ id: device.id, isLost, isLast, pin });
    if (!device.isThis) return app.go('devices', { list, note: t('remove.done', { name: deviceName(device) }) });
    await app.engine.erase();
  } catch (error) {
    const kind = faultKind(error);
    // The others went meanwhile: now it is the last one, and that is another question.
    if (kind === 'last_device') return showLast(app, wish);
    return failed(app, error, (words) => askPin(app, wish, kind === 'wrong_pin' ? wrongPinText(app) : words));
  }
  app.stage.show({ draw: () => removedThis({}, { done: () => location.reload() }) });
}
