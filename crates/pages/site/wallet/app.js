/**
 * Starts the wallet page: opens the engine, wires the flows to the stage, listens to what concerns all screens.
 * It must not know what a screen looks like or what happens in a flow.
 */
import { h } from '/shared/dom.js';
import { isFramed } from '/shared/frame.js';
import { onLanguage, setMessages, t } from '/shared/i18n.js';
import { scannedActivationCode } from './activation-code.js';
import { takeArrival } from './arrival.js';
import { openEngine } from './engine/open.js';
import { faultKind } from './faults.js';
import * as activation from './flows/activation.js';
import * as approval from './flows/approval.js';
import * as bank from './flows/bank.js';
import * as devices from './flows/devices.js';
import * as move from './flows/move.js';
import * as notices from './flows/notices.js';
import * as outlook from './flows/outlook.js';
import * as payment from './flows/payment.js';
import * as pinChange from './flows/pin-change.js';
import * as pinReset from './flows/pin-reset.js';
import * as settings from './flows/settings.js';
import { mustInstallFirst } from './install.js';
import de from './messages/de.js';
import en from './messages/en.js';
import fr from './messages/fr.js';
import it from './messages/it.js';
import { followParent, reportReady } from './parent.js';
import { registerWorker } from './register.js';
import { loading } from './screens/start.js';
import { makeStage } from './stage.js';

/** @typedef {import('./types.js').App} App */
/** @typedef {import('./types.js').Route} Route */
/** @typedef {import('./types.js').RouteName} RouteName */

/** @type {Record<RouteName, Route>} */
const ROUTES = {
  install: activation.showInstall,
  activate: activation.showActivate,
  resume: activation.resume,
  home: outlook.showHome,
  history: outlook.showHistory,
  payment: outlook.showPayment,
  locked: outlook.showLocked,
  fault: outlook.showFault,
  addBank: bank.showAddBank,
  bankReturn: bank.finish,
  pay: payment.showPay,
  payOptions: payment.showOptions,
  result: payment.showResult,
  settings: settings.showSettings,
  changePin: pinChange.showChangePin,
  resetPin: pinReset.showResetPin,
  devices: devices.showDevices,
  move: move.showMove,
  notices: notices.showNotices,
  approvals: approval.showAside,
};

setMessages({ en, de, fr, it });
const stage = makeStage(place('app'), place('voice'));
/** @type {App} */
const app = {
  stage,
  // Only routes that need no engine are taken before it is open.
  engine: /** @type {any} */ (null),
  arrival: takeArrival(),
  wish: { slot: null, capMinor: null, till: null },
  shown: { counters: new Map(), seenThrough: 0 },
  asked: { aside: new Set(), refused: null },
  installOffer: null,
  hasAsked: false,
  go: (route, with_) => ROUTES[route](app, with_),
  restart: start,
};

/** @type {(() => void) | null} */
let stopFollowing = null;

onLanguage(() => stage.redrawTop());
listenToTheDevice();
followParent((code) => takeCode(scannedActivationCode(code)));
registerWorker(offerUpdate);
start();

async function start() {
  stage.uncover();
  stage.show({ draw: loading });
  stopFollowing?.();
  stopFollowing = null;
  app.engine?.close();
  try {
    app.engine = await openEngine();
  } catch (error) {
    reportReady(null);
    return app.go('fault', { kind: faultKind(error), isStart: true });
  }
  const { engine } = app;
  payment.watchConfirmations(app);
  approval.watchQuestions(app);
  engine.subscribe((view) => {
    followOnce(view);
    stage.scene()?.onView?.(view);
  });
  followOnce(engine.view());
  const { phase } = engine.view();
  reportReady(phase);
  if (phase === 'activating') return app.go('resume');
  if (phase === 'new') return app.go(mustInstallFirst() ? 'install' : 'activate');
  app.go(app.arrival.proof ? 'bankReturn' : 'home');
  // What the server knows by now comes when it comes; the wallet is usable before.
  await engine.refresh().catch(() => {});
  app.hasAsked = true;
  stage.scene()?.onView?.(engine.view());
}

/**
 * There is nothing to follow before the wallet is enrolled.
 * @param {import('./types.js').View} view
 */
function followOnce({ phase }) {
  if (phase === 'enrolled') stopFollowing ??= app.engine.follow();
}

function listenToTheDevice() {
  const away = () => {
    stage.scene()?.onAway?.();
    if (stage.top() !== stage.scene()) stage.top()?.onAway?.();
  };
  document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') away(); });
  window.addEventListener('pagehide', away);
  // In a frame the focus also leaves for the page around it, which the same person is looking at.
  if (!isFramed) window.addEventListener('blur', () => { if (!document.hasFocus()) away(); });
  window.addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });
  window.addEventListener('popstate', () => { if (!location.hash) stage.top()?.onBack?.(); });
  // A link with an activation code was opened while the page is already there.
  window.addEventListener('hashchange', () => takeCode(takeArrival().code));
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    app.installOffer = /** @type {import('./types.js').InstallOffer} */ (event);
  });
  window.addEventListener('appinstalled', () => { app.installOffer = null; });
}

/** @param {string | null} code */
function takeCode(code) {
  if (!code) return;
  app.arrival.code = code;
  if (app.engine?.view().phase === 'new') app.go('activate');
}

/** @param {() => void} useIt */
function offerUpdate(useIt) {
  place('notice').replaceChildren(h('div', { class: 'banner good update' },
    h('p', null, t('app.update')),
    h('button', { type: 'button', class: 'button', dataset: { action: 'update' }, onclick: useIt }, t('app.updateNow'))));
}

/** @param {string} id */
function place(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}
