/**
 * Moving to a new phone: this one's PIN, the code for the new one, and the end of this one as soon as that is activated.
 */
import { t } from '/shared/i18n.js';
import { stayAwake } from '../awake.js';
import { faultKind, faultText } from '../faults.js';
import { onLeave } from '../lifecycle.js';
import { beginningMove, move, moveCode, moved, moveElapsed } from '../screens/move.js';
import { enterPin } from '../screens/pin.js';
import { failed, isBarred } from './barred.js';
import { seemsOnline } from './choice.js';
import { wrongPinText, wrongLength } from './pin.js';

/** @typedef {import('../types.js').App} App */

/** How often the server is asked whether the new phone is there, while the code is shown. */
const LOOK_MS = 4_000;

/**
 * @param {App} app
 * @param {{ back?: 'settings' | 'devices' }} [with_]
 */
export function showMove(app, { back: from = 'settings' } = {}) {
  const back = () => app.go(from);
  app.stage.show({
    onBack: back,
    onView: () => app.stage.redraw(),
    draw: () => move({ isOnline: seemsOnline(app) }, { back, go: () => askPin(app) }),
  });
}

/**
 * @param {App} app
 * @param {string | null} [fault]
 */
function askPin(app, fault = null) {
  const back = () => showMove(app);
  app.stage.show({
    onBack: back,
    onAway: () => app.stage.redraw(),
    draw: () => enterPin('move-pin', { title: t('pin.enter'), text: t('move.pinText'), triesLeft: app.engine.view().pinTriesLeft, fault }, {
      back,
      pin: (pin) => {
        const refused = wrongLength(app, pin);
        if (refused) askPin(app, faultText(refused));
        else run(app, pin);
      },
    }),
  });
}

/**
 * @param {App} app
 * @param {string} pin
 */
async function run(app, pin) {
  app.stage.show({ draw: beginningMove });
  const waiting = app.stage.scene();
  try {
    const code = await app.engine.devices.beginMove(pin);
    if (app.stage.scene() === waiting) showCode(app, code);
  } catch (error) {
    const kind = faultKind(error);
    failed(app, error, (words) => askPin(app, kind === 'wrong_pin' ? wrongPinText(app) : words));
  }
}

/**
 * @param {App} app
 * @param {import('../types.js').MoveCode} code
 */
function showCode(app, code) {
  const home = () => app.go('home');
  let isCopied = false;
  /** @type {import('../types.js').Scene} */
  const scene = {
    onBack: home,
    onView: () => { if (isBarred(app)) showMoved(app); },
    draw: () => {
      const element = moveCode({ move: code, nowMs: () => Date.now(), isCopied }, {
        back: home,
        elapsed: () => showElapsed(app),
        copy: async () => {
          // Where the browser does not let a page copy, the code is there to be typed.
          await navigator.clipboard?.writeText(code.code).then(() => { isCopied = true; }, () => {});
          if (isCopied) app.stage.announce(t('word.copied'));
          if (app.stage.scene() === scene) app.stage.redraw();
        },
      });
      onLeave(element, stayAwake());
      return element;
    },
  };
  app.stage.show(scene);
  keepLooking(app, scene);
}

/**
 * As soon as the new phone is activated, the server knows this one no longer.
 * @param {App} app
 * @param {import('../types.js').Scene} scene
 */
async function keepLooking(app, scene) {
  while (app.stage.scene() === scene) {
    await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    if (app.stage.scene() === scene) await app.engine.devices.hearNotices().catch(() => {});
  }
}

/** @param {App} app */
function showElapsed(app) {
  const home = () => app.go('home');
  app.stage.show({ onBack: home, draw: () => moveElapsed({}, { home, again: () => askPin(app) }) });
}

/** @param {App} app */
function showMoved(app) {
  if (app.engine.view().standing !== 'revoked') return app.go('locked');
  app.stage.show({ draw: () => moved({}, { erase: () => app.go('settings', { ask: 'erase' }) }) });
}
