/**
 * The way of a customer who proves an account to a partner: log in, choose the account, agree, go back with the
 * proof. What was decided is the bank's; this page keeps the session in memory, for as long as it stands.
 */
import { h } from './dom.js';
import * as door from './door.js';
import { readRequest, withNews } from './request.js';
import { frame, screen } from './screens.js';
import { chooseLanguage, isLanguage, wordsIn } from './words.js';

/** @typedef {import('./screens.js').Model} Model */
/** @typedef {import('./screens.js').Actions} Actions */

/** How long before the session's end the customer is warned. */
const WARNING_MS = 60_000;
/** Longest that a session lasts, whatever the clocks say. */
const SESSION_MS_MAX = 600_000;

const asked = readRequest(location.href);
let words = wordsIn(chooseLanguage(location.href, navigator.languages), navigator.languages);
/** @type {string | null} */
let session = null;
/** @type {ReturnType<typeof setTimeout>[]} */
let timers = [];
/** Where the customer is going. */
let target = '';

/** @type {Model} */
const model = {
  screen: 'loading',
  partner: asked.kind === 'malformed' ? '' : asked.partner,
  isPartnerKnown: false,
  isBusy: false,
  fault: null,
  wrong: { number: false, password: false },
  accounts: [],
  chosen: null,
  isCancelled: false,
  stop: 'stopped',
  canRetry: false,
  canReturn: false,
};

const main = h('main', {});
const said = h('p', { 'class': 'visually-hidden', 'role': 'status' });

/** @type {Actions} */
const actions = {
  login: (number, password) => void login(number.replace(/\s/g, ''), password),
  choose,
  agree: () => void attempt(prove),
  back: () => { if (!model.isBusy) show('account'); },
  cancel,
  leave: () => location.replace(target),
  retry: () => void begin(),
};

/** The customer is told who asks before anything is typed, and nobody is asked for a password for a bad link. */
async function begin() {
  if (asked.kind === 'malformed') return stop('malformed');
  if (asked.kind === 'refused') return stop('return_refused');
  // The way back to the page's own origin is safe, whatever the bank says of the partner.
  model.canReturn = asked.way.isOwn;
  show('loading');
  try {
    model.partner = await door.partnerName(asked.partner, asked.way.told);
    Object.assign(model, { isPartnerKnown: true, canReturn: true });
    show('login');
  } catch (error) {
    const kind = kindOf(error);
    if (kind === 'partner_unknown') stop('partner_unknown');
    else if (kind === 'return_refused' || kind === 'invalid') stop('return_refused');
    else stop('stopped', { fault: faultKey(kind), canRetry: true });
  }
}

/**
 * @param {string} number
 * @param {string} password
 */
async function login(number, password) {
  if (model.isBusy) return;
  model.wrong = { number: !/^[0-9]{4,16}$/.test(number), password: password === '' };
  if (model.wrong.number || model.wrong.password) {
    model.fault = null;
    render();
    return focus(model.wrong.number ? '#number' : '#password');
  }
  await attempt(async () => {
    const { session: opened, lifetimeMs } = await door.logIn(number, password);
    keepSession(opened, lifetimeMs);
    await list();
  });
}

/** Shows the accounts, the only open one chosen. */
async function list() {
  model.accounts = await door.accounts(session ?? '');
  const open = model.accounts.filter((one) => one.status === 'open');
  if (open.length === 0) {
    forgetSession();
    return stop('no_account');
  }
  const isStillOpen = open.some((one) => one.account_id === model.chosen);
  if (!isStillOpen) model.chosen = open.length === 1 ? (open[0]?.account_id ?? null) : null;
  show('account');
}

/** @param {number | null} chosen */
function choose(chosen) {
  if (model.isBusy) return;
  model.chosen = chosen;
  if (chosen !== null) return show('consent');
  model.fault = 'choose_account';
  render();
  focus('input[name=account]:enabled');
}

async function prove() {
  if (asked.kind !== 'good' || model.chosen === null) return;
  const { link, partner, way } = asked;
  try {
    const wish = { link_id: link, account_id: model.chosen, return_to: way.told };
    const proof = await door.makeProof(session ?? '', partner, wish);
    go(withNews(way, { proof, link }), false);
  } catch (error) {
    const kind = kindOf(error);
    if (kind === 'partner_unknown' || kind === 'return_refused') {
      forgetSession();
      model.canReturn = way.isOwn;
      return stop(kind);
    }
    if (kind !== 'account_unusable') throw error;
    await list();
    if (model.screen === 'account') {
      model.fault = 'account_unusable';
      render();
    }
  }
}

function cancel() {
  if (model.isBusy || asked.kind !== 'good' || !model.canReturn) return;
  go(withNews(asked.way, { proof_cancelled: '1', link: asked.link }), true);
}

/**
 * @param {string} href
 * @param {boolean} isCancelled
 */
function go(href, isCancelled) {
  forgetSession();
  target = href;
  show('leaving', { isCancelled });
  // In place of this page, so that going back does not lead here again.
  location.replace(target);
}

/**
 * Does one thing at a time, and tells what went wrong with it.
 * @param {() => Promise<void>} work
 */
async function attempt(work) {
  if (model.isBusy) return;
  Object.assign(model, { isBusy: true, fault: null });
  said.textContent = words.t('loading');
  render();
  try {
    await work();
  } catch (error) {
    const kind = kindOf(error);
    if (kind === 'session_over') {
      endSession();
    } else {
      model.fault = faultKey(kind);
    }
  } finally {
    said.textContent = '';
    model.isBusy = false;
    render();
  }
  if (model.fault === 'login_refused') {
    /** @type {HTMLInputElement | null} */
    const password = main.querySelector('#password');
    if (password) password.value = '';
    focus('#password');
  }
}

/**
 * @param {string} opened
 * @param {number} lifetimeMs
 */
function keepSession(opened, lifetimeMs) {
  session = opened;
  const endsInMs = Math.min(Math.max(lifetimeMs, 0), SESSION_MS_MAX);
  const warn = () => { said.textContent = words.t('session_warning'); };
  timers = [setTimeout(warn, Math.max(endsInMs - WARNING_MS, 0)), setTimeout(endSession, endsInMs)];
}

function endSession() {
  forgetSession();
  show('login', { fault: 'session_over' });
}

function forgetSession() {
  timers.forEach(clearTimeout);
  timers = [];
  said.textContent = '';
  if (session !== null) door.logOut(session);
  session = null;
}

/**
 * @param {Model['stop']} reason
 * @param {Partial<Model>} [more]
 */
function stop(reason, more = {}) {
  show('stopped', { stop: reason, canRetry: false, ...more });
}

/**
 * @param {Model['screen']} name
 * @param {Partial<Model>} [more]
 */
function show(name, more = {}) {
  Object.assign(model, { screen: name, fault: null, wrong: { number: false, password: false } }, more);
  render();
  focus('#title');
  scrollTo(0, 0);
}

/** Draws the screen anew; what was typed and where the focus was stays, if the screen is the same. */
function render() {
  const kept = keepTyped();
  const drawn = screen(model, actions, words);
  main.replaceChildren(drawn);
  kept(drawn);
  document.title = `${main.querySelector('h1')?.textContent ?? ''} – ${words.t('bank')}`;
}

/** @returns {(drawn: HTMLElement) => void} */
function keepTyped() {
  const before = main.firstElementChild;
  const typed = [...main.querySelectorAll('input')].map((input) => ({ id: input.id, value: input.value, type: input.type, checked: input.checked }));
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && main.contains(active) ? selectorOf(active) : null;
  return (drawn) => {
    if (!(before instanceof HTMLElement) || before.dataset.screen !== drawn.dataset.screen) return;
    for (const { id, value, type, checked } of typed) {
      const input = document.getElementById(id);
      if (!(input instanceof HTMLInputElement)) continue;
      if (input.type === 'radio') input.checked = checked && !input.disabled;
      else Object.assign(input, { value, type });
    }
    const isShown = drawn.querySelector('input[name=password][type=text]') !== null;
    drawn.querySelector('.toggle')?.setAttribute('aria-pressed', String(isShown));
    if (focused !== null) focus(focused);
  };
}

/** @param {HTMLElement} element */
function selectorOf(element) {
  if (element.id !== '') return `#${CSS.escape(element.id)}`;
  return element.dataset.action ? `[data-action=${CSS.escape(element.dataset.action)}]` : null;
}

/** @param {string} selector */
function focus(selector) {
  /** @type {HTMLElement | null} */
  const element = main.querySelector(selector);
  element?.focus();
}

/** @param {string} language */
function speak(language) {
  if (isLanguage(language)) words = wordsIn(language, navigator.languages);
  stand();
  document.getElementById('language')?.focus();
}

/** Puts the page up in its language. */
function stand() {
  document.documentElement.lang = words.language;
  document.getElementById('root')?.replaceChildren(...frame(main, said, words, speak));
  render();
}

/**
 * @param {unknown} error
 * @returns {door.FaultKind}
 */
function kindOf(error) {
  if (error instanceof door.Fault) return error.kind;
  console.error(error);
  return 'failed';
}

/**
 * @param {door.FaultKind} kind
 * @returns {Model['fault']}
 */
function faultKey(kind) {
  switch (kind) {
    case 'login_refused':
    case 'account_unusable':
    case 'slow_down':
    case 'busy':
    case 'offline':
      return kind;
    // A login that the bank cannot even read is a wrong one.
    case 'invalid':
      return model.screen === 'login' ? 'login_refused' : 'failed';
    default:
      return 'failed';
  }
}

// A page that stands no more keeps no session, and one that is brought back starts anew.
addEventListener('pagehide', () => forgetSession());
addEventListener('pageshow', (event) => { if (event.persisted) location.reload(); });

stand();
void begin();
