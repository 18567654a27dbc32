/**
 * The start page and what is reached from it by looking: payments, the reason for a lock, faults of the whole.
 */
import { faultKind, faultText } from '../faults.js';
import { byDay, summarise } from '../payments.js';
import { home } from '../screens/home.js';
import { history as historyScreen, paymentDetail } from '../screens/history.js';
import { locked } from '../screens/locked.js';
import { methodName } from '../screens/parts.js';
import { fault as faultScreen } from '../screens/start.js';
import { chosenMethod, seemsOnline } from './choice.js';
import { eraseDamaged } from './erase.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').FaultKind} FaultKind */

const RECENT_MAX = 4;

/** @param {App} app */
export function showHome(app) {
  if (!isFree(app)) return app.go('locked');
  app.stage.show({
    onView: () => (isFree(app) ? app.stage.redraw() : app.go('locked')),
    draw: () => {
      const view = app.engine.view();
      return home({
        name: view.name,
        method: chosenMethod(app),
        unproved: view.methods.find((one) => one.state === 'unproved') ?? null,
        hints: view.hints.filter((hint) => hint !== 'certificate_ends_soon' || app.hasAsked),
        questionCount: view.questions.length,
        notices: view.notices.filter(({ isUnread }) => isUnread),
        certificateEndsAtMs: view.certificateEndsAtMs,
        pinBlockedUntilMs: view.pinBlockedUntilMs,
        appMessage: view.appMessage,
        isOnline: seemsOnline(app),
        payments: summarise(view.confirmations).slice(0, RECENT_MAX),
      }, {
        pay: () => app.go('pay'),
        addBank: () => app.go('addBank'),
        history: () => app.go('history'),
        payment: (key) => app.go('payment', { key, back: 'home' }),
        settings: () => app.go('settings'),
        notices: () => app.go('notices'),
        approvals: () => app.go('approvals'),
      });
    },
  });
}

/** @param {App} app */
export function showHistory(app) {
  const back = () => app.go('home');
  app.stage.show({
    onBack: back,
    onView: () => app.stage.redraw(),
    draw: () => historyScreen({ days: byDay(summarise(app.engine.view().confirmations)), nowMs: Date.now() }, {
      back,
      payment: (key) => app.go('payment', { key, back: 'history' }),
    }),
  });
}

/**
 * @param {App} app
 * @param {{ key: string, back: 'home' | 'history' }} with_
 */
export function showPayment(app, { key, back: from }) {
  const find = () => summarise(app.engine.view().confirmations).find((one) => one.key === key);
  if (!find()) return app.go(from);
  const back = () => app.go(from);
  app.stage.show({
    onBack: back,
    onView: () => app.stage.redraw(),
    draw: () => {
      const payment = /** @type {import('../types.js').PaymentSummary} */ (find());
      const shownAs = app.shown.counters.get(payment.counter ?? -1) ?? null;
      return paymentDetail({ payment, shownAs, methodLabel: shownAs && methodName(shownAs.method) }, { back });
    },
  });
}

/**
 * @param {App} app
 * @param {{ isBusy?: boolean, fault?: string | null }} [with_]
 */
export function showLocked(app, { isBusy = false, fault = null } = {}) {
  const { standing } = app.engine.view();
  if (standing === null || standing === 'active') return app.go('home');
  /** @param {() => Promise<void>} work */
  const attempt = async (work) => {
    showLocked(app, { isBusy: true });
    try {
      await work();
    } catch (error) {
      return showLocked(app, { fault: faultText(faultKind(error)) });
    }
    app.go('home');
  };
  app.stage.show({
    onView: () => { if (isFree(app)) app.go('home'); },
    draw: () => locked({ standing, isBusy, fault }, {
      checkAgain: () => attempt(() => app.engine.refresh()),
      resync: () => attempt(() => app.engine.resync()),
      resetPin: () => app.go('resetPin'),
      activateAnew: () => app.go('settings', { ask: 'erase' }),
      history: () => app.go('history'),
      settings: () => app.go('settings'),
    }),
  }, { isUpdate: isBusy || fault !== null });
}

/**
 * @param {App} app
 * @param {{ kind: FaultKind, isStart?: boolean, retry?: () => void }} with_
 */
export function showFault(app, { kind, isStart = false, retry = () => (isStart ? app.restart() : app.go('home')) }) {
  const hasHome = !isStart && app.engine.view().phase === 'enrolled';
  app.stage.show({
    onBack: hasHome ? () => app.go('home') : undefined,
    draw: () => faultScreen({ kind, hasHome }, {
      retry,
      home: () => app.go('home'),
      erase: () => (isStart ? eraseDamaged() : app.go('settings', { ask: 'erase' })),
      renew: async () => {
        await app.engine.refresh().catch(() => {});
        retry();
      },
      resync: async () => {
        await app.engine.resync().catch(() => {});
        app.go('home');
      },
    }),
  });
}

/** @param {App} app */
function isFree(app) {
  const { standing } = app.engine.view();
  return standing === null || standing === 'active';
}
