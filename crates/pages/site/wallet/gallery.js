/**
 * Every screen with a sample model, so that tests can draw, photograph and check each of them without an engine.
 * Only tests load it.
 */
import { setLanguage, setMessages, t } from '/shared/i18n.js';
import { KNOWN_CAUSES } from './causes.js';
import { byDay, summarise, summaryOf } from './payments.js';
import { CONFIRMATIONS, DEVICE_LIST, METHODS, MOVE_CODE, NOTICES, NOW_MS, QUESTIONS, VIEW, declined, shownCode } from './samples.js';
import { faultText } from './faults.js';
import de from './messages/de.js';
import en from './messages/en.js';
import fr from './messages/fr.js';
import it from './messages/it.js';
import { activate, scan } from './screens/activate.js';
import { answered, approval, sendingAnswer } from './screens/approval.js';
import { addBank, bankDone, bankFinishing, bankNotDone } from './screens/bank.js';
import { code, expired, hidden } from './screens/code.js';
import { device, devices, lockOther, renameDevice } from './screens/devices.js';
import { history, paymentDetail } from './screens/history.js';
import { home } from './screens/home.js';
import { install } from './screens/install.js';
import { locked } from './screens/locked.js';
import { beginningMove, move, moveCode, moved, moveElapsed } from './screens/move.js';
import { notices } from './screens/notices.js';
import { pay, payOptions } from './screens/pay.js';
import { activating, activationPending, choosePin, enterPin } from './screens/pin.js';
import { changingPin, pinChanged, pinChangePending, presentPin } from './screens/pin-change.js';
import { resetCode, resetPending } from './screens/pin-reset.js';
import { removeDevice, removedThis, removeLast, removeThis, removing } from './screens/remove-device.js';
import { result } from './screens/result.js';
import { eraseWallet, lockDevice, removeMethod, settings } from './screens/settings.js';
import { fault, loading } from './screens/start.js';

/** @typedef {import('./types.js').FaultKind} FaultKind */
/** @typedef {import('./types.js').Standing} Standing */

setMessages({ en, de, fr, it });

/** Every press does nothing. */
const actions = /** @type {any} */ (new Proxy({}, { get: () => () => {} }));
const scanning = {
  back: () => {},
  start: async (/** @type {HTMLVideoElement} */ _video, /** @type {(state: 'running') => void} */ onState) => {
    onState('running');
    return { stop: () => {} };
  },
};
const payments = summarise(CONFIRMATIONS);
const idle = { isBusy: false, fault: null };
const [method] = METHODS;
const canPay = { method, capMinor: 10_000, till: null, triesLeft: null, pinHint: null, fault: null };

const [thisDevice, tablet, oldPhone] = DEVICE_LIST.devices;
const noticed = {
  device: VIEW.device, note: null, remedyOf: (/** @type {string} */ id) => /** @type {const} */ ({ [tablet.id]: 'lock', [thisDevice.id]: 'ask' })[id] ?? 'over',
  nameOf: (/** @type {string} */ id) => DEVICE_LIST.devices.find((one) => one.id === id)?.name || null,
};
const named = { name: tablet.model };

const asked = { question: QUESTIONS.payment, moreCount: 0, triesLeft: null, fault: null, isFresh: false, nowMs: () => NOW_MS };
/** @type {import('./types.js').Ending[]} */
const ENDINGS = ['approved', 'refused', 'expired', 'over'];

/** @type {FaultKind[]} */
const FAULTS = [
  'not_supported', 'storage_unavailable', 'storage_full', 'other_tab', 'damaged', 'keys_expired', 'clock_wrong',
  'certificate_expired', 'certificate_ended', 'revoked', 'unsynchronised', 'counter_exhausted', 'vault', 'unexpected', 'server',
];
/** @type {Exclude<Standing, 'active'>[]} */
const STANDINGS = ['unsynchronised', 'locked_pin', 'locked_clone', 'locked_operator', 'locked_customer', 'revoked'];

/** @type {[string, () => HTMLElement][]} */
const SCREENS = [
  ['loading', () => loading()],
  ...FAULTS.map(/** @returns {[string, () => HTMLElement]} */ (kind) => [`fault-${kind}`, () => fault({ kind, hasHome: kind === 'vault' }, actions)]),
  ['install', () => install({ canPrompt: false, code: '7K3M-Q9TX-2BHD' }, actions)],
  ['install-prompt', () => install({ canPrompt: true, code: null }, actions)],
  ['activate', () => activate({ code: '', fault: null, canInstall: true }, actions)],
  ['activate-prefilled', () => activate({ code: '7K3M-Q9TX-2BHD', fault: null, canInstall: false }, actions)],
  ['activate-refused', () => activate({ code: '', fault: faultText('activation_refused'), canInstall: false }, actions)],
  ['activate-app-refused', () => activate({ code: '7K3M-Q9TX-2BHD', fault: faultText('app_refused'), canInstall: false }, actions)],
  ['activate-too-many', () => activate({ code: '7K3M-Q9TX-2BHD', fault: faultText('too_many_devices'), canInstall: false }, actions)],
  ['scan', () => scan({}, scanning)],
  ['choose-pin', () => choosePin({ step: 'choose', isChange: false, fault: null }, actions)],
  ['choose-pin-obvious', () => choosePin({ step: 'choose', isChange: false, fault: faultText('pin_obvious') }, actions)],
  ['repeat-pin', () => choosePin({ step: 'repeat', isChange: false, fault: null }, actions)],
  ['present-pin', () => presentPin({ triesLeft: 3, fault: null }, actions)],
  ['present-pin-wrong', () => presentPin({ triesLeft: 2, fault: `${faultText('wrong_pin')} ${t('pin.triesLeft', { count: 2 })}` }, actions)],
  ['present-pin-last-try', () => presentPin({ triesLeft: 1, fault: null }, actions)],
  ['choose-new-pin', () => choosePin({ step: 'choose', isChange: true, fault: null }, actions)],
  ['choose-new-pin-same', () => choosePin({ step: 'choose', isChange: true, fault: faultText('pin_same') }, actions)],
  ['repeat-new-pin', () => choosePin({ step: 'repeat', isChange: true, fault: null }, actions)],
  ['changing-pin', () => changingPin()],
  ['pin-changed', () => pinChanged({}, actions)],
  ['pin-change-pending', () => pinChangePending({ fault: faultText('offline'), isBusy: false }, actions)],
  ['pin-change-sending-again', () => pinChangePending({ fault: null, isBusy: true }, actions)],
  ['activating', () => activating()],
  ['activation-pending', () => activationPending({ fault: faultText('offline'), isSent: true, isBusy: false }, actions)],
  ['activation-failed', () => activationPending({ fault: faultText('server'), isSent: false, isBusy: true }, actions)],
  ['home', () => home({ name: 'Anna Meier', method, unproved: null, hints: [], isOnline: true, payments: payments.slice(0, 4) }, actions)],
  ['home-questions', () => home({ name: 'Anna Meier', method, unproved: null, hints: [], questionCount: 2, isOnline: true, payments: payments.slice(0, 4) }, actions)],
  ['home-first', () => home({ name: 'Anna Meier', method: null, unproved: null, hints: [], isOnline: true, payments: [] }, actions)],
  ['home-ready', () => home({ name: null, method, unproved: null, hints: [], isOnline: true, payments: [] }, actions)],
  ['home-unproved', () => home({ name: 'Anna', method: null, unproved: METHODS[2], hints: [], isOnline: true, payments: [] }, actions)],
  ['home-banners', () => home({
    name: 'Anna', method, unproved: null, isOnline: false, payments: payments.slice(0, 2),
    hints: ['locked', 'clock_far_off', 'keys_expire_soon', 'offline_too_long', 'clock_unsure'],
  }, actions)],
  ['home-pin-banners', () => home({
    name: 'Anna', method, unproved: null, isOnline: true, payments: payments.slice(0, 2),
    hints: ['pin_change_under_way', 'pin_changed', 'pin_not_changed', 'pin_changed_elsewhere'],
  }, actions)],
  ['home-news', () => home({ name: 'Anna', method, unproved: null, hints: [], notices: NOTICES.slice(2, 3), isOnline: true, payments: payments.slice(0, 2) }, actions)],
  ['home-alarm', () => home({ name: 'Anna', method, unproved: null, hints: [], notices: NOTICES.slice(0, 2), isOnline: true, payments: payments.slice(0, 2) }, actions)],
  ['home-renewal', () => home({
    name: 'Anna', method, unproved: null, isOnline: false, payments: payments.slice(0, 2), certificateEndsAtMs: NOW_MS + 500 * 3_600_000,
    pinBlockedUntilMs: NOW_MS + 300_000, hints: ['certificate_ends_soon', 'pin_blocked', 'pin_not_reset'],
  }, actions)],
  ['home-app-blocked', () => home({
    name: 'Anna', method, unproved: null, isOnline: true, payments: payments.slice(0, 2), hints: ['app_blocked'],
    appMessage: {
      en: 'Version 1.2 loses payments. Update today.', de: 'Version 1.2 verliert Zahlungen. Aktualisieren Sie noch heute.',
      fr: 'La version 1.2 perd des paiements. Mettez à jour aujourd’hui.', it: 'La versione 1.2 perde pagamenti. Aggiorni oggi.',
    },
  }, actions)],
  ['home-app-banners', () => home({
    name: 'Anna', method, unproved: null, isOnline: true, payments: payments.slice(0, 2),
    hints: ['app_update_needed', 'app_update_available'],
  }, actions)],
  ['add-bank', () => addBank({ name: 'Anna Meier', isBusy: false, isOnline: true, fault: null }, actions)],
  ['add-bank-offline', () => addBank({ name: null, isBusy: false, isOnline: false, fault: null }, actions)],
  ['bank-finishing', () => bankFinishing()],
  ['bank-done', () => bankDone({ method }, actions)],
  ['bank-cancelled', () => bankNotDone({ fault: null }, actions)],
  ['bank-refused', () => bankNotDone({ fault: faultText('proof_refused') }, actions)],
  ['pay', () => pay(canPay, actions)],
  ['pay-last-try', () => pay({ ...canPay, till: '5724', triesLeft: 1 }, actions)],
  ['pay-too-short', () => pay({ ...canPay, fault: faultText('pin_too_short') }, actions)],
  ['pay-pin-changing', () => pay({ ...canPay, triesLeft: 2, pinHint: 'pin_change_under_way' }, actions)],
  ['pay-pin-changed', () => pay({ ...canPay, pinHint: 'pin_changed' }, actions)],
  ['pay-options', () => payOptions({ methods: METHODS.slice(0, 2), slot: 1, capMinor: 10_000, till: null }, actions)],
  ['pay-options-own', () => payOptions({ methods: METHODS.slice(0, 1), slot: 1, capMinor: 7550, till: '5724' }, actions)],
  ['code', () => code({ code: shownCode({}), isOnline: true, nowMs: () => NOW_MS + 13_000 }, actions)],
  ['code-bound-offline', () => code({ code: shownCode({ till: '5724', renewalsLeft: 0, hints: ['cap_rounded'] }), isOnline: false, nowMs: () => NOW_MS + 51_000 }, actions)],
  ...Object.entries(QUESTIONS).map(/** @returns {[string, () => HTMLElement]} */ ([name, question]) => [
    `approval-${name}`, () => approval({ ...asked, question }, actions),
  ]),
  ['approval-wrong-pin', () => approval({ ...asked, moreCount: 2, fault: `${faultText('wrong_pin')} ${t('pin.triesLeft', { count: 1 })}` }, actions)],
  ['approval-unheard', () => approval({ ...asked, question: QUESTIONS.transfer, nowMs: () => NOW_MS + 200_000, fault: t('approval.unheard') }, actions)],
  ['approval-sending', () => sendingAnswer()],
  ...ENDINGS.flatMap((ending) => [QUESTIONS.payment, QUESTIONS.login].map(/** @returns {[string, () => HTMLElement]} */ (question) => [
    `approval-${ending}-${question.kind}`, () => answered({ question, ending }, actions),
  ])),
  ['hidden', () => hidden({}, actions)],
  ['expired', () => expired({}, actions)],
  ...CONFIRMATIONS.filter((one) => one.kind !== 'notice').map(/** @returns {[string, () => HTMLElement]} */ (one) => [
    `result-${one.kind}-${one.sequence}`,
    () => result({ payment: summaryOf(CONFIRMATIONS.filter((other) => other.sequence <= one.sequence), one), triesLeft: 2, higherCapMinor: null, ...idle }, actions),
  ]),
  ...[...KNOWN_CAUSES, 'cause_77'].map(/** @returns {[string, () => HTMLElement]} */ (cause) => [
    `declined-${cause}`,
    () => result({ payment: summaryOf([], declined(cause)), triesLeft: 2, higherCapMinor: 20_000, ...idle }, actions),
  ]),
  ['history', () => history({ days: byDay(payments), nowMs: NOW_MS }, actions)],
  ['history-none', () => history({ days: [], nowMs: NOW_MS }, actions)],
  ...payments.map(/** @returns {[string, () => HTMLElement]} */ (payment) => [
    `payment-${payment.state}`, () => paymentDetail({
      payment, shownAs: payment.counter === null ? null : shownCode({}), methodLabel: payment.counter === null ? null : 'Privatkonto · 4213',
    }, actions),
  ]),
  ['settings', () => settings({ view: VIEW, version: '3f9a12c0', canInstall: true, note: null, ...idle }, actions)],
  ['settings-bare', () => settings({
    view: { ...VIEW, methods: [], lastOnlineAtMs: null, isPersisted: false, standing: 'unsynchronised' },
    version: 'dev', canInstall: false, note: null, isBusy: false, fault: faultText('offline'),
  }, actions)],
  ['settings-refreshed', () => settings({ view: VIEW, version: 'dev', canInstall: false, note: en['settings.refreshed'], ...idle }, actions)],
  ['settings-notices-seen', () => settings({ view: { ...VIEW, notices: [], standing: 'locked_operator' }, version: 'dev', canInstall: false, note: null, ...idle }, actions)],
  ['devices', () => devices({ list: DEVICE_LIST, note: null, ...idle }, actions)],
  ['devices-loading', () => devices({ list: null, isBusy: true, fault: null, note: null }, actions)],
  ['devices-offline', () => devices({ list: null, isBusy: false, fault: faultText('offline'), note: null }, actions)],
  ['devices-removed', () => devices({ list: { ...DEVICE_LIST, devices: [thisDevice] }, note: t('remove.done', named), ...idle }, actions)],
  ['device-this', () => device({ device: thisDevice, note: null, ...idle }, actions)],
  ['device-other', () => device({ device: tablet, note: t('devices.renamed'), ...idle }, actions)],
  ...STANDINGS.filter((status) => status !== 'revoked').map(/** @returns {[string, () => HTMLElement]} */ (status) => [
    `device-${status}`, () => device({ device: { ...oldPhone, status }, note: status === 'locked_customer' ? t('devices.lockDone') : null, ...idle }, actions),
  ]),
  ['rename-device', () => renameDevice({ device: thisDevice, check: () => true, ...idle }, actions)],
  ['rename-device-failed', () => renameDevice({ device: tablet, check: () => true, isBusy: false, fault: faultText('offline') }, actions)],
  ['lock-device', () => lockOther({ ...named, ...idle }, actions)],
  ['lock-device-nameless', () => lockOther({ name: '', ...idle }, actions)],
  ['lock-device-gone', () => lockOther({ ...named, isBusy: false, fault: faultText('device_gone') }, actions)],
  ['remove-device', () => removeDevice(named, actions)],
  ['remove-this', () => removeThis({}, actions)],
  ['remove-last', () => removeLast({}, actions)],
  ['remove-pin', () => enterPin('remove-pin', { title: t('pin.enter'), text: t('remove.pinText', named), triesLeft: 3, fault: null }, actions)],
  ['remove-pin-wait', () => enterPin('remove-pin', { title: t('pin.enter'), text: t('remove.pinText', named), triesLeft: 3, fault: faultText('not_now') }, actions)],
  ['removing-device', () => removing()],
  ['removed-this', () => removedThis({}, actions)],
  ['move', () => move({ isOnline: true }, actions)],
  ['move-offline', () => move({ isOnline: false }, actions)],
  ['move-pin', () => enterPin('move-pin', { title: t('pin.enter'), text: t('move.pinText'), triesLeft: 1, fault: null }, actions)],
  ['beginning-move', () => beginningMove()],
  ['move-code', () => moveCode({ move: MOVE_CODE, nowMs: () => NOW_MS + 25_000, isCopied: false }, actions)],
  ['move-code-copied', () => moveCode({ move: MOVE_CODE, nowMs: () => NOW_MS + 560_000, isCopied: true }, actions)],
  ['move-elapsed', () => moveElapsed({}, actions)],
  ['moved', () => moved({}, actions)],
  ['notices', () => notices({ notices: NOTICES, ...noticed }, actions)],
  ['notices-locked', () => notices({ notices: NOTICES.slice(0, 1), ...noticed, remedyOf: () => /** @type {const} */ ('over'), note: t('devices.lockDone') }, actions)],
  ['notices-none', () => notices({ notices: [], ...noticed }, actions)],
  ['reset-code', () => resetCode({ code: '', fault: null }, actions)],
  ['reset-code-refused', () => resetCode({ code: '7K3M-Q9TX-2BHD', fault: faultText('pin_code_refused') }, actions)],
  ['pin-reset-pending', () => resetPending({ fault: faultText('offline'), isBusy: false }, actions)],
  ['remove-method', () => removeMethod({ method, ...idle }, actions)],
  ['lock', () => lockDevice({ step: 'ask', ...idle }, actions)],
  ['lock-sure', () => lockDevice({ step: 'sure', isBusy: false, fault: faultText('offline') }, actions)],
  ['erase', () => eraseWallet(idle, actions)],
  ...STANDINGS.map(/** @returns {[string, () => HTMLElement]} */ (standing) => [
    `locked-${standing}`, () => locked({ standing, ...idle }, actions),
  ]),
];

/** @type {{ name: string, render: (lang: import('/shared/i18n.js').Language) => HTMLElement }[]} */
export const screens = SCREENS.map(([name, draw]) => ({
  name,
  render(lang) {
    setLanguage(lang);
    return draw();
  },
}));

export default screens;
