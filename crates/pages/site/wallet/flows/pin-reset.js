/**
 * A new PIN by a code that the operator gave: the code, the PIN twice, and what came of it.
 */
import { faultKind, faultText } from '../faults.js';
import { changingPin, pinChanged } from '../screens/pin-change.js';
import { resetCode, resetPending } from '../screens/pin-reset.js';
import { askNewPin } from './pin.js';

/** @typedef {import('../types.js').App} App */

/**
 * @param {App} app
 * @param {{ code?: string, fault?: string | null }} [with_]
 */
export function showResetPin(app, { code = '', fault = null } = {}) {
  if (app.engine.view().isPinReset) return showPending(app);
  const back = () => app.go('home');
  app.stage.show({
    onBack: back,
    draw: () => resetCode({ code, fault }, { back, next: (typed) => choose(app, typed) }),
  });
}

/**
 * @param {App} app
 * @param {string} code
 */
function choose(app, code) {
  askNewPin(app, {
    isChange: true,
    back: () => showResetPin(app, { code }),
    chosen: (pin) => run(app, code, pin),
  });
}

/**
 * @param {App} app
 * @param {string} code
 * @param {string} chosen
 */
async function run(app, code, chosen) {
  app.stage.show({ draw: changingPin });
  try {
    await app.engine.resetPin(code, chosen);
  } catch (error) {
    const fault = faultText(faultKind(error));
    return app.engine.view().isPinReset ? showPending(app, { fault }) : showResetPin(app, { fault });
  }
  showDone(app);
}

/**
 * @param {App} app
 * @param {{ isBusy?: boolean, fault?: string | null }} [with_]
 */
function showPending(app, { isBusy = false, fault = null } = {}) {
  const leave = () => app.go('home');
  app.stage.show({
    onBack: leave,
    // It may end by itself as soon as there is a network.
    onView: (view) => {
      if (view.isPinReset) return;
      if (view.hints.includes('pin_changed')) showDone(app);
      else showResetPin(app, { fault: faultText('pin_code_refused') });
    },
    draw: () => resetPending({ isBusy, fault }, {
      home: leave,
      retry: async () => {
        showPending(app, { isBusy: true });
        const waiting = app.stage.scene();
        const kind = await app.engine.refresh().then(() => /** @type {const} */ ('pin_change_under_way'), faultKind);
        if (app.stage.scene() === waiting) showPending(app, { fault: faultText(kind) });
      },
    }),
  }, { isUpdate: isBusy || fault !== null });
}

/** @param {App} app */
function showDone(app) {
  const done = () => app.go('home');
  app.stage.show({ onBack: done, draw: () => pinChanged({}, { done }) });
}
