/**
 * Sample accounts, payments and codes for the gallery. Only tests load it; nothing in it is real.
 */

/** @typedef {import('./types.js').Confirmation} Confirmation */

/** A Tuesday afternoon in the Swiss summer, so that pictures stay the same. */
export const NOW_MS = Date.UTC(2026, 5, 16, 13, 42);
const HOUR_MS = 3_600_000;
const SIDE = 49;

/** @type {import('./types.js').Method[]} */
export const METHODS = [
  { slot: 1, provider: 'Kantonalbank', state: 'active', label: 'Privatkonto · 4213', currency: 'CHF' },
  { slot: 2, provider: 'Kantonalbank', state: 'active', label: null, currency: 'EUR' },
  { slot: 3, provider: 'Kantonalbank', state: 'unproved', label: null, currency: null },
];

/** @type {Confirmation[]} */
export const CONFIRMATIONS = [
  confirmation(11, 'captured', 7, 0.4, 1290, 'Bäckerei Lüthi'),
  confirmation(10, 'authorised', 7, 0.4, 1290, 'Bäckerei Lüthi'),
  { ...confirmation(9, 'declined', 6, 3, 24_900, 'Velo Steiner'), cause: 'cap_exceeded' },
  confirmation(8, 'authorised', 5, 5, 18_000, 'Hotel Krone'),
  confirmation(7, 'refunded', 4, 25, 2000, 'Buchhandlung am Markt'),
  confirmation(6, 'captured', 4, 26, 5980, 'Buchhandlung am Markt'),
  confirmation(5, 'voided', 3, 27, 640, 'Kiosk Bahnhof'),
  confirmation(4, 'refunded', 2, 72, 4500, 'Schuhhaus Weber'),
  confirmation(3, 'captured', 2, 73, 4500, 'Schuhhaus Weber'),
  confirmation(2, 'expired', 1, 96, 3000, 'Parkhaus Neumarkt'),
  { ...confirmation(1, 'notice', 0, 120, 0, ''), payment: null, counter: null, amountMinor: null, currency: null, till: null, cause: 'pin_locked' },
];

const THIS = '0000a1b2c3d4';
const TABLET = '0000a1b2c3d5';
const OLD_PHONE = '0000a1b2c3d6';

/** @type {import('./types.js').DeviceList} */
export const DEVICE_LIST = {
  devicesMax: 5,
  devices: [
    device(THIS, 'Annas Handy', 'Chrome 138', 'active', 0),
    device(TABLET, '', 'Safari 27.1 iPad', 'active', 30),
    device(OLD_PHONE, 'Altes Telefon mit dem gesprungenen Glas', 'Firefox 141', 'locked_customer', 900),
  ],
};

/** @type {import('./types.js').Notice[]} */
export const NOTICES = [
  notice(12, 'activated', TABLET, TABLET, 0.3, { isUnread: true, isAlarming: true }),
  notice(11, 'move_begun', THIS, 'operator', 2, { isUnread: true, isAlarming: true }),
  notice(10, 'renamed', THIS, TABLET, 5, { isUnread: true }),
  notice(9, 'pin_reset', OLD_PHONE, OLD_PHONE, 20, { isAlarming: true }),
  notice(8, 'locked', OLD_PHONE, THIS, 26),
  notice(7, 'unlocked', OLD_PHONE, 'operator', 70),
  notice(6, 'pin_changed', THIS, THIS, 90),
  notice(5, 'certificate_renewed', THIS, 'server', 100),
  notice(4, 'revoked', '0000a1b2c3d7', '0000a1b2c3d8', 300, { deviceName: 'Handy von früher' }),
];

/** One of each kind, and the longest. @type {Record<string, import('./types.js').Question>} */
export const QUESTIONS = {
  payment: question('payment', 90, { amountMinor: 24_900, currency: 'CHF', payee: 'Velo Steiner', till: '5724' }),
  transfer: question('transfer', 300, { amountMinor: 1_250_000, currency: 'CHF', payee: 'Max Muster', text: 'Miete Oktober, CH93 0076 2011 6238 5295 7' }),
  login: question('login', 120, { payee: 'e-banking.example' }),
  other: question('other', 86_400, { text: 'Neue Adresse: Bahnhofstrasse 12, 8001 Zürich' }),
  longest: question('transfer', 300, {
    amountMinor: 99_999_999, currency: 'CHF', payee: 'Genossenschaft zur Förderung gemeinnützigen Wohnbaus Oberwinterth',
    text: 'Anzahlung gemäss Kaufvertrag vom 3. Juni 2026, Referenz 4711-0815', till: '5724',
  }),
};

/** @type {import('./types.js').MoveCode} */
export const MOVE_CODE = { code: '7K3M-Q9TX-2BHD', expiresAtMs: NOW_MS + 600_000, symbol: { side: SIDE, modules: modules() } };

/** @type {import('./types.js').View} */
export const VIEW = {
  phase: 'enrolled', realm: 'demo', name: 'Anna Meier', standing: 'active', device: THIS, pinTriesLeft: 5,
  pinBlockedUntilMs: null, certificateEndsAtMs: null, isPinReset: false, notices: NOTICES, questions: [], methods: METHODS,
  confirmations: CONFIRMATIONS, hints: ['sensors_not_run'], lastOnlineAtMs: NOW_MS - HOUR_MS / 4, isOnline: true,
  isPersisted: true, defaultCapMinor: 10_000, appVersion: '0.3.0', appMessage: null,
};

/**
 * @param {string} cause
 * @returns {Confirmation}
 */
export function declined(cause) {
  return { ...confirmation(20, 'declined', 9, 0, 13_450, 'Velo Steiner'), cause };
}

/**
 * @param {Partial<import('./types.js').ShownCode>} changes
 * @returns {import('./types.js').ShownCode}
 */
export function shownCode(changes) {
  return {
    counter: 7, side: SIDE, modules: modules(), method: METHODS[0], capMinor: 10_000, currency: 'CHF', till: null,
    madeAtMs: NOW_MS, expiresAtMs: NOW_MS + 60_000, renewalsLeft: 2, hints: [], madeInMs: 11, ...changes,
  };
}

/**
 * @param {number} sequence
 * @param {Confirmation['kind']} kind
 * @param {number} counter
 * @param {number} hoursAgo
 * @param {number} amountMinor
 * @param {string} merchant
 * @returns {Confirmation}
 */
function confirmation(sequence, kind, counter, hoursAgo, amountMinor, merchant) {
  return {
    sequence, kind, counter, amountMinor, merchant, currency: 'CHF', cause: null, till: '5724',
    payment: `0190${String(counter).padStart(2, '0')}c4-7a31-7c55-9f0e-4b1d2c3e5f60`,
    atMs: NOW_MS - hoursAgo * HOUR_MS,
  };
}

/**
 * @param {string} id
 * @param {string} name
 * @param {string} model
 * @param {import('./types.js').Standing} status
 * @param {number} hoursAgo
 * @returns {import('./types.js').Device}
 */
function device(id, name, model, status, hoursAgo) {
  return { id, name, model, status, isThis: id === THIS, activatedAtMs: NOW_MS - 2000 * HOUR_MS, lastOnlineAtMs: NOW_MS - hoursAgo * HOUR_MS };
}

/**
 * @param {number} sequence
 * @param {import('./types.js').NoticeKind} kind
 * @param {string} about
 * @param {string} by
 * @param {number} hoursAgo
 * @param {Partial<import('./types.js').Notice>} [more]
 * @returns {import('./types.js').Notice}
 */
function notice(sequence, kind, about, by, hoursAgo, more = {}) {
  return { sequence, kind, about, by, deviceName: '', atMs: NOW_MS - hoursAgo * HOUR_MS, isUnread: false, isAlarming: false, ...more };
}

/**
 * @param {import('./types.js').Question['kind']} kind
 * @param {number} withinS
 * @param {Partial<import('./types.js').Question>} about
 * @returns {import('./types.js').Question}
 */
function question(kind, withinS, about) {
  return {
    id: `apr_${kind}`, kind, amountMinor: null, currency: null, payee: null, text: null, till: null,
    askedAtMs: NOW_MS - 12_000, expiresAtMs: NOW_MS - 12_000 + withinS * 1000, ...about,
  };
}

/** Looks like a QR code and is none: finder patterns, and dots from a simple sequence that is always the same. */
function modules() {
  const dark = new Uint8Array(SIDE * SIDE);
  let seed = 7;
  for (let at = 0; at < dark.length; at += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    dark[at] = seed > 1_073_741_824 ? 1 : 0;
  }
  for (const [left, top] of [[0, 0], [SIDE - 7, 0], [0, SIDE - 7]]) {
    for (let y = -1; y <= 7; y += 1) {
      for (let x = -1; x <= 7; x += 1) {
        if (left + x < 0 || top + y < 0 || left + x >= SIDE || top + y >= SIDE) continue;
        const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
        dark[(top + y) * SIDE + left + x] = ring === 3 || ring < 2 ? 1 : 0;
      }
    }
  }
  return dark;
}
