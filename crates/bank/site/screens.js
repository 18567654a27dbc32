/**
 * What the customer sees: each screen a pure function of the model and the words. What a button does is told to it.
 */
import { h } from './dom.js';
import { LANGUAGE_NAMES } from './words.js';

/** @typedef {import('./words.js').Words} Words */
/** @typedef {import('./words.js').Key} Key */
/** @typedef {import('./door.js').Account} Account */

/**
 * @typedef {object} Model
 * @property {'loading' | 'login' | 'account' | 'consent' | 'leaving' | 'stopped'} screen
 * @property {string} partner the partner's name for people
 * @property {boolean} isPartnerKnown whether the bank has confirmed it
 * @property {boolean} isBusy
 * @property {Key | null} fault told above the form
 * @property {{ number: boolean, password: boolean }} wrong which fields are
 * @property {Account[]} accounts
 * @property {number | null} chosen the account's id
 * @property {boolean} isCancelled whether the customer leaves without a proof
 * @property {'malformed' | 'partner_unknown' | 'return_refused' | 'no_account' | 'stopped'} stop
 * @property {boolean} canRetry
 * @property {boolean} canReturn whether the customer may be sent back
 */

/**
 * @typedef {object} Actions
 * @property {(number: string, password: string) => void} login
 * @property {(account: number | null) => void} choose
 * @property {() => void} agree
 * @property {() => void} back
 * @property {() => void} cancel
 * @property {() => void} leave
 * @property {() => void} retry
 */

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words} words
 * @returns {HTMLElement}
 */
export function screen(model, actions, words) {
  return SCREENS[model.screen](model, actions, words);
}

/** @type {Record<Model['screen'], (model: Model, actions: Actions, words: Words) => HTMLElement>} */
const SCREENS = {
  loading: (_model, _actions, { t }) =>
    h('section', { 'class': 'card wait', 'data-screen': 'loading' }, h('div', { 'class': 'spinner' }), title(t('loading'))),
  login,
  account,
  consent,
  leaving,
  stopped,
};

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words} words
 */
function login(model, actions, { t }) {
  const number = h('input', {
    'id': 'number', 'name': 'customer_number', 'inputmode': 'numeric', 'autocomplete': 'username', 'maxlength': 24,
    'autocapitalize': 'none', 'spellcheck': 'false', 'required': true, ...wrongness(model.wrong.number, 'number'),
  });
  const password = h('input', {
    'id': 'password', 'name': 'password', 'type': 'password', 'autocomplete': 'current-password', 'maxlength': 256,
    'autocapitalize': 'none', 'spellcheck': 'false', 'required': true, ...wrongness(model.wrong.password, 'password'),
  });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    actions.login(number.value, password.value);
  };
  return h('section', { 'class': 'card', 'data-screen': 'login' },
    step(1, t),
    title(t('login_title', { partner: model.partner })),
    h('p', { 'class': 'lead' }, t('login_lead')),
    h('form', { 'onsubmit': submit, 'novalidate': true, 'method': 'post' },
      fault(model, t),
      h('div', { 'class': 'field' },
        h('label', { 'for': 'number' }, t('customer_number')),
        number,
        model.wrong.number
          ? h('p', { 'id': 'number-note', 'class': 'wrong' }, t('wrong_number'))
          : h('p', { 'id': 'number-note', 'class': 'hint' }, t('customer_number_hint'))),
      h('div', { 'class': 'field' },
        h('label', { 'for': 'password' }, t('password')),
        h('div', { 'class': 'with-toggle' }, password, showToggle(password, t)),
        model.wrong.password ? h('p', { 'id': 'password-note', 'class': 'wrong' }, t('wrong_password')) : null),
      h('p', { 'class': 'promise' }, t('password_promise', { partner: model.partner })),
      buttons(
        button({ 'class': 'primary', 'data-action': 'login', 'type': 'submit' }, t('login'), model),
        cancel(model, actions, t))));
}

/**
 * @param {HTMLInputElement} password
 * @param {Words['t']} t
 */
function showToggle(password, t) {
  const toggle = h('button', {
    'type': 'button', 'class': 'toggle', 'data-action': 'show-password', 'aria-pressed': 'false', 'aria-controls': 'password',
    'aria-label': t('show_password_long'),
    'onclick': () => {
      const isShown = password.type === 'text';
      password.type = isShown ? 'password' : 'text';
      toggle.setAttribute('aria-pressed', String(!isShown));
    },
  }, t('show_password'));
  return toggle;
}

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words} words
 */
function account(model, actions, words) {
  const { t } = words;
  const submit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const chosen = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget)).get('account');
    actions.choose(chosen === null ? null : Number(chosen));
  };
  return h('section', { 'class': 'card', 'data-screen': 'account' },
    step(2, t),
    title(t('account_title')),
    h('p', { 'class': 'lead' }, t('account_lead', { partner: model.partner })),
    h('form', { 'onsubmit': submit, 'novalidate': true, 'method': 'post' },
      fault(model, t),
      h('fieldset', {},
        h('legend', { 'class': 'visually-hidden' }, t('accounts')),
        model.accounts.map((one) => choice(one, one.account_id === model.chosen, words))),
      buttons(
        button({ 'class': 'primary', 'data-action': 'continue', 'type': 'submit' }, t('continue'), model),
        cancel(model, actions, t))));
}

/**
 * @param {Account} one
 * @param {boolean} isChosen
 * @param {Words} words
 */
function choice(one, isChosen, { t, money }) {
  const isOpen = one.status === 'open';
  const input = h('input', {
    'type': 'radio', 'name': 'account', 'id': `account-${one.account_id}`, 'value': one.account_id, 'disabled': !isOpen, 'checked': isChosen,
  });
  return h('label', { 'class': isOpen ? 'choice' : 'choice off', 'data-account': one.account_id },
    input,
    h('span', { 'class': 'choice-text' },
      h('span', { 'class': 'choice-label' }, one.label),
      h('span', { 'class': 'iban' }, one.iban)),
    isOpen
      ? h('span', { 'class': 'choice-amount' },
        h('span', { 'class': 'amount-label' }, t('balance')),
        h('span', { 'class': 'amount' }, money(one.balance_minor, one.currency)))
      : h('span', { 'class': 'choice-amount' }, t(one.status === 'blocked' ? 'account_blocked' : 'account_closed')));
}

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words} words
 */
function consent(model, actions, { t }) {
  const chosen = model.accounts.find((one) => one.account_id === model.chosen);
  return h('section', { 'class': 'card', 'data-screen': 'consent' },
    step(3, t),
    title(t('consent_title')),
    fault(model, t),
    h('dl', { 'class': 'facts' },
      h('dt', {}, t('consent_who')),
      h('dd', {}, model.partner),
      h('dt', {}, t('consent_account')),
      h('dd', {}, chosen?.label ?? '', h('span', { 'class': 'iban' }, chosen?.iban ?? ''))),
    h('h2', {}, t('consent_what')),
    h('ul', { 'class': 'terms' },
      h('li', {}, t('consent_may', { partner: model.partner })),
      h('li', {}, t('consent_learns')),
      h('li', {}, t('consent_end'))),
    buttons(
      button({ 'class': 'primary', 'data-action': 'agree', 'type': 'button', 'onclick': actions.agree }, t('agree'), model),
      button({ 'data-action': 'back', 'type': 'button', 'onclick': actions.back }, t('back'), model),
      cancel(model, actions, t)));
}

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words} words
 */
function leaving(model, actions, { t }) {
  return h('section', { 'class': 'card wait', 'data-screen': 'leaving' },
    title(t(model.isCancelled ? 'cancelled_title' : 'leaving_title')),
    h('p', { 'class': 'lead' }, t(model.isCancelled ? 'cancelled_text' : 'leaving_text')),
    buttons(button({ 'class': 'primary', 'data-action': 'leave', 'type': 'button', 'onclick': actions.leave }, wayBack(model, t), model)));
}

/** @type {Record<Exclude<Model['stop'], 'stopped'>, { title: Key, text: Key }>} */
const STOPS = {
  malformed: { title: 'malformed_title', text: 'malformed_text' },
  partner_unknown: { title: 'partner_unknown_title', text: 'partner_unknown_text' },
  return_refused: { title: 'return_refused_title', text: 'return_refused_text' },
  no_account: { title: 'no_account_title', text: 'no_account_text' },
};

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words} words
 */
function stopped(model, actions, { t }) {
  const { title: heading, text } = model.stop === 'stopped'
    ? { title: /** @type {Key} */ ('stopped_title'), text: model.fault ?? 'failed' }
    : STOPS[model.stop];
  const retry = { 'class': 'primary', 'data-action': 'retry', 'type': 'button', 'onclick': actions.retry };
  const leave = { 'class': model.canRetry ? null : 'primary', 'data-action': 'cancel', 'type': 'button', 'onclick': actions.cancel };
  return h('section', { 'class': 'card', 'data-screen': 'stopped', 'data-stop': model.stop },
    title(t(heading)),
    h('p', { 'class': 'lead' }, t(text, { partner: model.partner })),
    buttons(
      model.canRetry ? button(retry, t('try_again'), model) : null,
      model.canReturn ? button(leave, wayBack(model, t), model) : null));
}

/**
 * The screen's heading, which gets the focus when the screen comes.
 * @param {string} text
 */
function title(text) {
  return h('h1', { 'id': 'title', 'tabindex': '-1' }, text);
}

/**
 * A name that the bank does not know is nobody to go back to.
 * @param {Model} model
 * @param {Words['t']} t
 */
function wayBack(model, t) {
  return model.isPartnerKnown ? t('go_back', { partner: model.partner }) : t('back');
}

/**
 * @param {number} number
 * @param {Words['t']} t
 */
function step(number, t) {
  return h('p', { 'class': 'step' }, t('step', { n: String(number) }));
}

/**
 * @param {Model} model
 * @param {Words['t']} t
 */
function fault(model, t) {
  return model.fault === null ? null : h('p', { 'class': 'fault', 'role': 'alert', 'data-fault': model.fault }, t(model.fault));
}

/**
 * What ties a wrong field to the note below it.
 * @param {boolean} isWrong
 * @param {string} field
 */
function wrongness(isWrong, field) {
  const hasNote = isWrong || field === 'number';
  return { 'aria-invalid': isWrong ? 'true' : null, 'aria-describedby': hasNote ? `${field}-note` : null };
}

/**
 * @param {...(HTMLElement | null)} list
 */
function buttons(...list) {
  return h('div', { 'class': 'buttons' }, list);
}

/**
 * While the bank works, a button keeps its focus and does nothing.
 * @param {Record<string, unknown>} props
 * @param {string} text
 * @param {Model} model
 */
function button(props, text, model) {
  const isWorking = model.isBusy && props.class === 'primary';
  return h('button', { ...props, 'aria-disabled': model.isBusy ? 'true' : null, 'aria-busy': isWorking ? 'true' : null }, text);
}

/**
 * @param {Model} model
 * @param {Actions} actions
 * @param {Words['t']} t
 */
function cancel(model, actions, t) {
  return button({ 'class': 'quiet', 'data-action': 'cancel', 'type': 'button', 'onclick': actions.cancel }, t('cancel'), model);
}

/**
 * What stands around every screen.
 * @param {HTMLElement} main
 * @param {HTMLElement} said where news are told to screen readers
 * @param {Words} words
 * @param {(language: string) => void} speak
 * @returns {HTMLElement[]}
 */
export function frame(main, said, { t, language }, speak) {
  const choose = (/** @type {Event} */ event) => speak(/** @type {HTMLSelectElement} */ (event.currentTarget).value);
  const options = Object.entries(LANGUAGE_NAMES).map(([code, name]) =>
    h('option', { 'value': code, 'lang': code, 'selected': code === language }, name));
  return [
    h('header', { 'class': 'top' },
      h('p', { 'class': 'brand' }, h('img', { 'src': 'page/mark.svg', 'alt': '', 'width': 32, 'height': 32 }), t('bank')),
      h('label', { 'class': 'language' },
        h('span', { 'class': 'visually-hidden' }, t('language')),
        h('select', { 'id': 'language', 'name': 'language', 'onchange': choose }, options))),
    main,
    said,
    h('footer', { 'class': 'foot' }, h('p', {}, t('footer'))),
  ];
}
