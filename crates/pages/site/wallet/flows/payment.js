/**
 * From the PIN to the confirmation: the code, its renewals, hiding it, and the result that comes by itself.
 */
import { t } from '/shared/i18n.js';
import { capAbove } from '../amounts.js';
import { stayAwake } from '../awake.js';
import { faultKind, faultText, fillsScreen } from '../faults.js';
import { onLeave } from '../lifecycle.js';
import { reportStep } from '../parent.js';
import { highestSequence, newResult, summaryOf } from '../payments.js';
import { code as codeScreen, expired, hidden } from '../screens/code.js';
import { pay, payOptions } from '../screens/pay.js';
import { result } from '../screens/result.js';
import { isOwnRefusal } from './approval.js';
import { activeMethods, chosenCapMinor, chosenMethod, seemsOnline } from './choice.js';
import { wrongLength } from './pin.js';

/** @typedef {import('../types.js').App} App */
/** @typedef {import('../types.js').Confirmation} Confirmation */
/** @typedef {import('../types.js').PinTiming} PinTiming */
/** @typedef {import('../types.js').ShownCode} ShownCode */

/** A till may be without a network for a while; a quarter of an hour later nobody waits at it any more. */
const RESULT_WITHIN_MS = 900_000;
/** @type {import('../types.js').Hint[]} */
const PIN_HINTS = ['pin_change_under_way', 'pin_changed', 'pin_not_changed', 'pin_changed_elsewhere'];

/**
 * @param {App} app
 * @param {{ fault?: string | null }} [with_]
 */
export function showPay(app, { fault = null } = {}) {
  const method = chosenMethod(app);
  if (!method) return app.go('addBank');
  const back = () => app.go('home');
  const { pinTriesLeft: triesLeft, hints } = app.engine.view();
  const pinHint = pinHintOf(hints);
  app.stage.show({
    onBack: back,
    // From that moment on another PIN is right than the one that is perhaps half typed.
    onView: (view) => {
      const now = pinHintOf(view.hints);
      if (now === pinHint) return;
      showPay(app);
      if (now) app.stage.announce(t(`hint.${now}`));
    },
    // Half a PIN must not wait for whoever picks the phone up next.
    onAway: () => app.stage.redraw(),
    draw: () => pay({
      method, fault, triesLeft, pinHint, capMinor: chosenCapMinor(app), till: app.wish.till,
    }, {
      back,
      options: () => app.go('payOptions'),
      pin: (pin, timing) => makeCode(app, pin, timing),
    }),
  });
}

/**
 * Which PIN is the one to type, where that is a question.
 * @param {import('../types.js').Hint[]} hints
 */
function pinHintOf(hints) {
  return hints.find((hint) => PIN_HINTS.includes(hint)) ?? null;
}

/** @param {App} app */
export function showOptions(app) {
  const method = chosenMethod(app);
  if (!method) return app.go('addBank');
  const back = () => app.go('pay');
  app.stage.show({
    onBack: back,
    draw: () => payOptions({
      methods: activeMethods(app), slot: method.slot, capMinor: chosenCapMinor(app), till: app.wish.till,
    }, {
      back,
      checkTill: (text) => app.engine.checkTill(text),
      apply: (wish) => { app.wish = wish; app.go('pay'); },
    }),
  });
}

/**
 * @param {App} app
 * @param {string} pin
 * @param {PinTiming} timing
 */
async function makeCode(app, pin, timing) {
  const refused = wrongLength(app, pin);
  if (refused) return showPay(app, { fault: faultText(refused) });
  const { engine, wish } = app;
  app.shown.seenThrough = highestSequence(engine.view().confirmations);
  const scene = app.stage.scene();
  try {
    const shown = await engine.makeCode({ pin, slot: chosenMethod(app)?.slot ?? null, capMinor: wish.capMinor, till: wish.till });
    if (isStillSeen(app, scene)) return showCode(app, shown, timing);
    engine.wipe();
    if (app.stage.scene() === scene) showAway(app, hidden);
  } catch (error) {
    codeFailed(app, error);
  }
}

/**
 * @param {App} app
 * @param {unknown} error
 */
function codeFailed(app, error) {
  const kind = faultKind(error);
  app.engine.wipe();
  if (kind === 'no_method') return app.go('addBank');
  if (kind === 'enter_pin_again') return showAway(app, expired);
  if (fillsScreen(kind)) return app.go('fault', { kind, retry: () => app.go('pay') });
  showPay(app, { fault: faultText(kind) });
}

/**
 * @param {App} app
 * @param {ShownCode} shown
 * @param {PinTiming | null} timing null for a renewal
 */
function showCode(app, shown, timing) {
  app.shown.counters.set(shown.counter, shown);
  let isReported = timing === null;
  const drawn = () => {
    if (isReported || timing === null) return;
    isReported = true;
    performance.mark('code-drawn');
    reportStep('code', performance.now() - timing.okMs, { typedMs: timing.lastMs - timing.firstMs });
  };
  const stop = () => { app.engine.wipe(); app.go('home'); };
  app.stage.show({
    onBack: stop,
    onAway: () => { app.engine.wipe(); showAway(app, hidden); },
    draw: () => {
      const element = codeScreen({ code: shown, isOnline: seemsOnline(app), nowMs: () => Date.now() },
        { drawn, stop, elapsed: () => renew(app) });
      onLeave(element, stayAwake());
      return element;
    },
  }, { isUpdate: timing === null });
  if (timing === null) app.stage.announce(t('code.renewed'));
}

/** @param {App} app */
async function renew(app) {
  const scene = app.stage.scene();
  try {
    const shown = await app.engine.renewCode();
    if (isStillSeen(app, scene)) showCode(app, shown, null);
    else app.engine.wipe();
  } catch (error) {
    if (app.stage.scene() === scene) codeFailed(app, error);
  }
}

/**
 * The person may have left, or put the phone away, while a code was made: then nobody else may see it.
 * @param {App} app
 * @param {import('../types.js').Scene | null} scene the one that asked for the code
 */
function isStillSeen(app, scene) {
  return app.stage.scene() === scene && !document.hidden;
}

/**
 * @param {App} app
 * @param {typeof hidden} draw
 */
function showAway(app, draw) {
  const home = () => app.go('home');
  app.stage.show({ onBack: home, draw: () => draw({}, { home, again: () => app.go('pay') }) });
}

/**
 * Shows what became of a code as soon as it is known, and tells the page around.
 * @param {App} app
 */
export function watchConfirmations(app) {
  let toldThrough = highestSequence(app.engine.view().confirmations);
  app.shown.seenThrough = toldThrough;
  app.engine.subscribe(({ confirmations }) => {
    const told = confirmations.filter((one) => one.sequence > toldThrough).sort((a, b) => a.sequence - b.sequence);
    toldThrough = highestSequence(confirmations);
    const found = newResult(confirmations, recentCodes(app), app.shown.seenThrough);
    if (found && isOwnRefusal(app, found)) app.shown.seenThrough = found.sequence;
    else if (found) app.go('result', { confirmation: found });
    for (const one of told) requestAnimationFrame(() => tell(one));
  });
}

/**
 * Codes whose result may take the screen by itself. What comes later is found among the payments.
 * @param {App} app
 */
function recentCodes(app) {
  return new Map([...app.shown.counters].filter(([, shown]) => Date.now() - shown.madeAtMs < RESULT_WITHIN_MS));
}

/** @param {Confirmation} one */
function tell({ kind, cause, payment, amountMinor, currency, atMs }) {
  performance.mark('confirmation-shown', { detail: { kind, payment } });
  const sinceMs = Math.max(0, Date.now() - atMs);
  const since = kind === 'captured' ? { sinceCaptureMs: sinceMs } : {};
  reportStep('confirmation', sinceMs, { kind, cause, payment, amountMinor, currency, ...since });
}

/**
 * @param {App} app
 * @param {{ confirmation: Confirmation, isBusy?: boolean, fault?: string | null, isUpdate?: boolean }} with_
 */
export function showResult(app, { confirmation, isBusy = false, fault = null, isUpdate = false }) {
  const { engine, stage } = app;
  engine.wipe();
  app.shown.seenThrough = highestSequence(engine.view().confirmations);
  const again = () => app.go('pay');
  /** @param {() => Promise<void>} work */
  const attempt = async (work) => {
    showResult(app, { confirmation, isBusy: true, isUpdate: true });
    try {
      await work();
    } catch (error) {
      return showResult(app, { confirmation, fault: faultText(faultKind(error)), isUpdate: true });
    }
    app.go('home');
  };
  const summary = () => summaryOf(engine.view().confirmations, confirmation);
  stage.show({
    onBack: () => app.go('home'),
    onView: () => stage.redraw(),
    draw: () => {
      const payment = summary();
      const { amountMinor, currency } = payment;
      const higherCapMinor = amountMinor && currency ? capAbove(amountMinor, currency) : null;
      return result({ payment, higherCapMinor, triesLeft: engine.view().pinTriesLeft, isBusy, fault }, {
        home: () => app.go('home'),
        pay: again,
        options: () => app.go('payOptions'),
        otherMethod: () => app.go(activeMethods(app).length > 1 ? 'payOptions' : 'addBank'),
        addBank: () => app.go('addBank'),
        higherCap: () => {
          if (higherCapMinor) app.wish = { ...app.wish, capMinor: higherCapMinor };
          app.go(higherCapMinor ? 'pay' : 'payOptions');
        },
        resync: () => attempt(() => engine.resync()),
        goOnline: () => attempt(() => engine.refresh()),
      });
    },
  }, { isUpdate });
}
