/**
 * Settings: accounts, language, how this device stands, and what one hopes never to need.
 */
import { h, icon } from '/shared/dom.js';
import { dateTime, languagePicker, t } from '/shared/i18n.js';
import { keyValues } from './history.js';
import { alert, banner, button, methodName, methodSub, question, screen, section } from './parts.js';

/** @typedef {import('../types.js').Method} Method */
/** @typedef {import('../types.js').View} View */

/**
 * @param {{ view: View, version: string, canInstall: boolean, isBusy: boolean, fault: string | null, note: string | null }} model
 * @param {{ back: () => void, addBank: () => void, changePin: () => void, remove: (method: Method) => void, refresh: () => void, install: () => void, lock: () => void, erase: () => void, resync: () => void,
 *   devices: () => void, notices: () => void, move: () => void }} actions
 */
export function settings({ view, version, canInstall, isBusy, fault, note }, actions) {
  return screen('settings', {
    title: t('settings.title'),
    onBack: actions.back,
    content: [
      alert(fault),
      h('div', { role: 'status' }, note && banner('good', 'check', note)),
      section('settings.methods', 'methods',
        view.methods.length === 0 && h('p', { class: 'muted' }, t('settings.noMethods')),
        view.methods.length > 0 && h('ul', { class: 'list' }, view.methods.map((method) => h('li', null, methodLine(method, actions)))),
        button('add-bank', t('settings.addMethod'), actions.addBank, { mark: 'plus' })),
      section('devices.title', 'devices',
        view.standing === 'active' && button('devices', t('devices.all'), actions.devices, { mark: 'phone' }),
        button('notices', noticesLabel(view), actions.notices, { mark: 'info' }),
        view.standing === 'active' && button('move', t('move.title'), actions.move, { mark: 'install' })),
      section('settings.language', 'language', languagePicker()),
      section('settings.device', 'device',
        h('div', { class: 'card stack' },
          keyValues([
            ['settings.lastOnline', view.lastOnlineAtMs === null ? t('settings.never') : dateTime(view.lastOnlineAtMs)],
            ['settings.storage', t(view.isPersisted ? 'settings.storageKept' : 'settings.storageMayGo')],
            ['settings.realm', view.realm],
            ['settings.version', `${view.appVersion} · ${version}`],
          ]),
          button('refresh', t('settings.refresh'), actions.refresh, { mark: 'refresh', isBusy })),
        canInstall && button('install', t('settings.install'), actions.install, { mark: 'install' })),
      section('settings.danger', 'danger',
        view.standing === 'unsynchronised' && button('resync', t('standing.resync'), actions.resync, { kind: 'primary', mark: 'refresh', isBusy }),
        canChangePin(view) && button('change-pin', t('settings.changePin'), actions.changePin, { mark: 'key' }),
        button('lock', t('settings.lock'), actions.lock, { kind: 'danger', mark: 'lock' }),
        button('erase', t('settings.erase'), actions.erase, { kind: 'danger', mark: 'trash' })),
    ],
  });
}

/**
 * @param {{ method: Method, isBusy: boolean, fault: string | null }} model
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function removeMethod({ method, isBusy, fault }, actions) {
  return question('remove-method', {
    title: t('settings.removeTitle'), mark: 'bank', texts: [t('settings.removeText', { name: methodName(method) })],
    yes: t('settings.removeYes'), isBusy, fault,
  }, actions);
}

/**
 * @param {{ step: 'ask' | 'sure', isBusy: boolean, fault: string | null }} model
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function lockDevice({ step, isBusy, fault }, actions) {
  return step === 'ask'
    ? question('lock', {
      title: t('settings.lockTitle'), mark: 'lock', texts: [t('settings.lockText'), t('settings.lockHow')], yes: t('settings.lockYes'), isBusy, fault,
    }, actions)
    : question('lock-sure', {
      title: t('settings.lockSure'), mark: 'lock', texts: [t('settings.lockSureText'), t('settings.lockHow')], yes: t('settings.lockFinal'), isBusy, fault,
    }, actions);
}

/**
 * @param {{ isBusy: boolean, fault: string | null }} model
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function eraseWallet({ isBusy, fault }, actions) {
  return question('erase', {
    title: t('settings.eraseTitle'), mark: 'trash', texts: [t('settings.eraseText')], yes: t('settings.eraseYes'), isBusy, fault,
  }, actions);
}

/** @param {View} view */
function noticesLabel({ notices }) {
  const count = notices.filter(({ isUnread }) => isUnread).length;
  return count > 0 ? t('notices.some', { count }) : t('notices.title');
}

/** A wallet that cannot pay keeps its PIN. @param {View} view */
function canChangePin({ standing, hints }) {
  return standing === 'active' && !hints.includes('pin_changed_elsewhere');
}

/**
 * @param {Method} method
 * @param {{ remove: (method: Method) => void, addBank: () => void }} actions
 */
function methodLine(method, actions) {
  const name = methodName(method);
  return h('div', { class: 'item' },
    icon('bank'),
    h('div', { class: 'body' }, h('span', { class: 'title' }, name), h('span', { class: 'sub' }, methodSub(method))),
    h('button', {
      type: 'button', class: 'button quiet icon-only', 'aria-label': t('settings.remove', { name }),
      dataset: { action: 'remove-method', of: method.slot }, onclick: () => actions.remove(method),
    }, icon('trash')));
}
