/**
 * From the PIN so far to a new one, and what is said while nobody knows yet which of the two is good.
 */
import { faultKind, faultText, fillsScreen } from '../faults.js';
import { changingPin, pinChanged, pinChangePending, presentPin } from '../screens/pin-change.js';
import { askNewPin, wrongLength, wrongPinText } from './pin.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').FaultKind} FaultKind */

/** @param {App} app */
export function showChangePin(app) {
  if (app.engine.view().isPinReset) app.go('resetPin');
  else if (isUnderWay(app)) showPending(app);
  else showPresent(app);
}

/**
 * @param {App} app
 * @param {string | null} [fault]
 */
function showPresent(app, fault = null) {
  const back = () => app.go('settings');
  app.stage.show({
    onBack: back,
    onAway: () => app.stage.redraw(),
    draw: () => presentPin({ fault, triesLeft: app.engine.view().pinTriesLeft }, {
      back,
      forgotten: () => app.go('resetPin'),
      pin: (pin) => {
        const refused = wrongLength(app, pin);
        if (refused) showPresent(app, faultText(refused));
        else showNew(app, pin);
      },
    }),
  });
}

/**
 * @param {App} app
 * @param {string} present
 */
function showNew(app, present) {
  const fromStart = () => showPresent(app);
  askNewPin(app, {
    isChange: true,
    check: (pin) => (pin === present ? 'pin_same' : null),
    back: fromStart,
    // Whoever picks the phone up next must not go on with the PIN that was entered.
    away: fromStart,
    chosen: (pin) => run(app, present, pin),
  });
}

/**
 * @param {App} app
 * @param {string} present
 * @param {string} chosen
 */
async function run(app, present, chosen) {
  app.stage.show({ draw: changingPin });
  try {
    await app.engine.changePin(present, chosen);
  } catch (error) {
    return failed(app, faultKind(error));
  }
  showChanged(app);
}

/**
 * @param {App} app
 * @param {FaultKind} kind
 */
function failed(app, kind) {
  if (isUnderWay(app)) return showPending(app, { fault: faultText(kind) });
  if (app.engine.view().standing !== 'active') return app.go('locked');
  if (fillsScreen(kind)) return app.go('fault', { kind, retry: () => app.go('changePin') });
  showPresent(app, kind === 'wrong_pin' ? wrongPinText(app) : faultText(kind));
}

/**
 * @param {App} app
 * @param {{ isBusy?: boolean, fault?: string | null }} [with_]
 */
function showPending(app, { isBusy = false, fault = null } = {}) {
  const leave = () => app.go('home');
  const scene = {
    onBack: leave,
    // It may end by itself as soon as there is a network; the start page says so if it was refused.
    onView: () => {
      if (isUnderWay(app)) return;
      if (app.engine.view().hints.includes('pin_changed')) showChanged(app);
      else leave();
    },
    draw: () => pinChangePending({ isBusy, fault }, {
      retry: async () => {
        showPending(app, { isBusy: true });
        const waiting = app.stage.scene();
        const kind = await app.engine.refresh().then(() => /** @type {const} */ ('pin_change_under_way'), faultKind);
        if (app.stage.scene() === waiting) showPending(app, { fault: faultText(kind) });
      },
      home: leave,
    }),
  };
  app.stage.show(scene, { isUpdate: isBusy || fault !== null });
}

/** @param {App} app */
function showChanged(app) {
  const done = () => app.go('settings');
  app.stage.show({ onBack: done, draw: () => pinChanged({}, { done }) });
}

/** @param {App} app */
function isUnderWay(app) {
  return app.engine.view().hints.includes('pin_change_under_way');
}
