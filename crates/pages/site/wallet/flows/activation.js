/**
 * From nothing to an activated wallet: install, code, PIN, and waiting for the server.
 */
import { scannedActivationCode } from '../activation-code.js';
import { faultKind, faultText, fillsScreen } from '../faults.js';
import { skipInstall } from '../install.js';
import { activate, scan } from '../screens/activate.js';
import { install } from '../screens/install.js';
import { activating, activationPending } from '../screens/pin.js';
import { offerInstall } from './offers.js';
import { askNewPin } from './pin.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').FaultKind} FaultKind */

/** These lead back to the code: another one is needed, or another version of the app. Everything else may work the next time. */
const CODE_FAULTS = ['bad_activation_code', 'activation_refused', 'app_refused', 'too_many_devices'];

/** @param {App} app */
export function showInstall(app) {
  const model = { canPrompt: app.installOffer !== null, code: app.arrival.code };
  app.stage.show({
    draw: () => install(model, {
      install: () => offerInstall(app),
      anyway: () => { skipInstall(); app.go('activate'); },
    }),
  });
}

/**
 * @param {App} app
 * @param {{ code?: string, fault?: FaultKind | null }} [with_]
 */
export function showActivate(app, { code = app.arrival.code ?? '', fault = null } = {}) {
  app.stage.show({
    draw: () => activate({ code, fault: fault && faultText(fault), canInstall: app.installOffer !== null }, {
      next: (typed) => { app.arrival.code = typed; showPin(app, typed); },
      scan: () => showScan(app),
      install: () => offerInstall(app),
    }),
  });
}

/** @param {App} app */
function showScan(app) {
  const back = () => showActivate(app);
  app.stage.show({
    onBack: back,
    draw: () => scan({}, {
      back,
      start: async (video, onState, onWrong) => {
        // Most people type or follow a link: the camera's code is loaded only here.
        const { startScanner } = await import('/shared/camera.js');
        return startScanner({
          video,
          onState,
          onText: (text) => {
            const code = scannedActivationCode(text);
            if (!code) {
              onWrong();
              return false;
            }
            app.arrival.code = code;
            showPin(app, code);
            return true;
          },
        });
      },
    }),
  });
}

/**
 * @param {App} app
 * @param {string} code
 * @param {FaultKind | null} [fault]
 */
function showPin(app, code, fault = null) {
  askNewPin(app, {
    fault,
    back: () => showActivate(app, { code }),
    chosen: (pin) => run(app, () => app.engine.activate(code, pin)),
  });
}

/**
 * Goes on with an activation whose answer never came.
 * @param {App} app
 */
export function resume(app) {
  return run(app, () => app.engine.resumeActivation());
}

/**
 * @param {App} app
 * @param {() => Promise<void>} attempt
 */
async function run(app, attempt) {
  app.stage.show({ draw: activating });
  try {
    await attempt();
  } catch (error) {
    return failed(app, faultKind(error), attempt);
  }
  app.arrival.code = null;
  app.hasAsked = true;
  app.engine.refresh().catch(() => {});
  app.go('home');
}

/**
 * @param {App} app
 * @param {FaultKind} kind
 * @param {() => Promise<void>} attempt
 */
async function failed(app, kind, attempt) {
  const isSent = app.engine.view().phase === 'activating';
  if (CODE_FAULTS.includes(kind)) {
    if (isSent) await app.engine.abandonActivation().catch(() => {});
    // With as many devices as allowed the code stays good.
    return showActivate(app, { code: kind === 'too_many_devices' ? app.arrival.code ?? '' : '', fault: kind });
  }
  if (kind.startsWith('pin_')) return showPin(app, app.arrival.code ?? '', kind);
  if (fillsScreen(kind) && kind !== 'unexpected') {
    return app.go('fault', { kind, retry: () => (isSent ? resume(app) : run(app, attempt)) });
  }
  app.stage.show({
    draw: () => activationPending({ fault: faultText(kind), isSent, isBusy: false }, {
      retry: () => (isSent ? resume(app) : run(app, attempt)),
      abandon: async () => {
        await app.engine.abandonActivation().catch(() => {});
        app.arrival.code = null;
        showActivate(app);
      },
    }),
  });
}
