/**
 * From the core's texts to what the page shows: names in the page's own spelling, nothing decided.
 */

/** @typedef {import('./types.js').View} View */
/** @typedef {import('./types.js').Method} Method */
/** @typedef {import('./types.js').ShownCode} ShownCode */
/** @typedef {import('./types.js').MethodText} MethodText */

/**
 * @param {string} json of the core's `view`
 * @param {{ isOnline: boolean, isPersisted: boolean, pinNews: import('./types.js').Hint|null, isUnknown: boolean, isPinReset: boolean, questions: import('./types.js').Question[] }} here
 *   what the core does not say
 * @returns {View}
 */
export function viewOf(json, { isOnline, isPersisted, pinNews, isUnknown, isPinReset, questions }) {
  const text = JSON.parse(json);
  const hints = hintsOf(text.hints);
  const moment = (/** @type {string} */ hint, /** @type {string} */ key) => text.hints.find((/** @type {any} */ one) => one.hint === hint)?.[key] ?? null;
  return {
    phase: text.phase, realm: text.realm, name: text.name, standing: isUnknown ? 'revoked' : text.standing, pinTriesLeft: text.pin_tries_left,
    device: text.device, isPinReset,
    certificateEndsAtMs: moment('certificate_ends_soon', 'at'), pinBlockedUntilMs: moment('pin_blocked', 'until'),
    methods: text.methods.map(methodOf),
    confirmations: text.confirmations.map(confirmationOf),
    notices: text.notices.map(noticeOf),
    questions,
    hints: pinNews ? [...hints, pinNews] : hints, lastOnlineAtMs: text.last_online_at_ms,
    appMessage: text.app?.message ?? null, isOnline, isPersisted, defaultCapMinor: text.default_cap_minor, appVersion: text.app_version,
  };
}

/**
 * @param {MethodText} text
 * @returns {Method}
 */
export function methodOf(text) {
  const state = text.state === 'active' ? 'active' : 'unproved';
  const { slot, provider, label = null, currency = null, link = null } = text;
  return { slot, provider, state, label, currency, link };
}

/**
 * @param {string} json of an opened question
 * @param {number} aheadMs how far this device's clock is ahead of the server's
 * @returns {import('./types.js').Question}
 */
export function questionOf(json, aheadMs) {
  const { id, kind, amount_minor: amountMinor = null, currency = null, payee = null, text = null, terminal: till = null, ...times } = JSON.parse(json);
  const { asked_at_ms: askedAtMs, expires_at_ms: expiresAtMs } = times;
  return { id, kind, amountMinor, currency, payee, text, till, askedAtMs: askedAtMs + aheadMs, expiresAtMs: expiresAtMs + aheadMs };
}

/**
 * @param {string} json
 * @returns {import('./types.js').DeviceList}
 */
export function deviceListOf(json) {
  const { devices, devices_max: devicesMax } = JSON.parse(json);
  return { devices: devices.map(deviceOf), devicesMax };
}

/** @param {any} text */
function deviceOf({ id, name, model, status, is_this: isThis, activated_at_ms: activatedAtMs, last_online_at_ms: lastOnlineAtMs }) {
  return { id, name, model, status, isThis, activatedAtMs, lastOnlineAtMs };
}

/** @param {any} text */
function noticeOf({ sequence, kind, about, device_name: deviceName, by, at: atMs, is_unread: isUnread, is_alarming: isAlarming }) {
  return { sequence, kind, about, deviceName, by: typeof by === 'string' ? by : by.device, atMs, isUnread, isAlarming };
}

/** @param {any} text */
function confirmationOf(text) {
  const { at_ms: atMs, amount_minor: amountMinor, ...rest } = text;
  return { ...rest, atMs, amountMinor };
}

/**
 * @param {import('/wasm/wallet.js').ShownCode} shown
 * @param {{ methods: Method[], renewalsLeft: number, madeInMs: number }} beside
 * @returns {ShownCode}
 */
export function shownCodeOf(shown, { methods, renewalsLeft, madeInMs }) {
  const text = JSON.parse(shown.to_json());
  const method = methods.find(({ slot }) => slot === text.slot) ??
    { slot: text.slot, provider: '', state: 'active', label: null, currency: text.currency };
  return {
    counter: text.counter, side: shown.side(), modules: shown.modules(), method,
    capMinor: text.cap_minor, currency: text.currency, till: text.till,
    madeAtMs: text.made_at_ms, expiresAtMs: text.expires_at_ms, renewalsLeft, madeInMs, hints: hintsOf(text.hints),
  };
}

/**
 * A page has no sensors, which its keys' level says once and for all: that hint would stand beside every code.
 * @param {{ hint: import('./types.js').Hint }[]} hints
 */
function hintsOf(hints) {
  return hints.map(({ hint }) => hint).filter((hint) => hint !== 'sensors_not_run');
}
