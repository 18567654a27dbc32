/**
 * Settings and the questions asked before something is taken away for good.
 */
import { t } from '/shared/i18n.js';
import { faultKind, faultText } from '../faults.js';
import { workerVersion } from '../register.js';
import { eraseWallet, lockDevice, removeMethod, settings } from '../screens/settings.js';
import { offerInstall } from './offers.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {{ isBusy: boolean, fault: string | null }} Progress */

/** @type {string | null} */
let version = null;

/**
 * @param {App} app
 * @param {{ ask?: 'erase' | 'lock' | null, isBusy?: boolean, fault?: string | null, note?: string | null, isUpdate?: boolean }} [with_]
 */
export function showSettings(app, { ask = null, isBusy = false, fault = null, note = null, isUpdate = false } = {}) {
  if (ask) return ask === 'erase' ? askErase(app) : askLock(app);
  const back = () => app.go('home');
  const scene = {
    onBack: back,
    onView: () => app.stage.redraw(),
    draw: () => settings({
      view: app.engine.view(), version: version ?? '…', canInstall: app.installOffer !== null, isBusy, fault, note,
    }, {
      back,
      addBank: () => app.go('addBank'),
      changePin: () => app.go('changePin'),
      remove: (method) => confirm(app, (progress, actions) => removeMethod({ method, ...progress }, actions), () => app.engine.removeMethod(method.slot)),
      refresh: () => attempt(app, () => app.engine.refresh()),
      resync: () => attempt(app, () => app.engine.resync()),
      devices: () => app.go('devices'),
      notices: () => app.go('notices'),
      move: () => app.go('move'),
      install: () => offerInstall(app),
      lock: () => askLock(app),
      erase: () => askErase(app),
    }),
  };
  app.stage.show(scene, { isUpdate });
  if (version === null) {
    workerVersion().then((known) => {
      version = known;
      if (app.stage.scene() === scene) app.stage.redraw();
    });
  }
}

/**
 * @param {App} app
 * @param {() => Promise<void>} work
 */
async function attempt(app, work) {
  showSettings(app, { isBusy: true, isUpdate: true });
  try {
    await work();
    showSettings(app, { note: t('settings.refreshed'), isUpdate: true });
  } catch (error) {
    showSettings(app, { fault: faultText(faultKind(error)), isUpdate: true });
  }
}

/**
 * Asks, does it on yes, and says what went wrong.
 * @param {App} app
 * @param {(progress: Progress, actions: { yes: () => void, no: () => void }) => HTMLElement} draw
 * @param {() => Promise<void>} work
 * @param {() => void} [after]
 */
function confirm(app, draw, work, after = () => app.go('settings')) {
  const no = () => app.go('settings');
  /** @param {Progress} progress */
  const show = (progress) => app.stage.show({ onBack: no, draw: () => draw(progress, { yes, no }) }, { isUpdate: progress.isBusy || progress.fault !== null });
  const yes = async () => {
    show({ isBusy: true, fault: null });
    try {
      await work();
    } catch (error) {
      return show({ isBusy: false, fault: faultText(faultKind(error)) });
    }
    after();
  };
  show({ isBusy: false, fault: null });
}

/** @param {App} app */
function askLock(app) {
  const sure = () => confirm(app, (progress, actions) => lockDevice({ step: 'sure', ...progress }, actions),
    () => app.engine.lock(), () => app.go('home'));
  confirm(app, (progress, actions) => lockDevice({ step: 'ask', ...progress }, actions), async () => {}, sure);
}

/** @param {App} app */
function askErase(app) {
  confirm(app, eraseWallet, () => app.engine.erase(), () => location.reload());
}
