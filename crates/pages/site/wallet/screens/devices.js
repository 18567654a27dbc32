/**
 * The customer's devices: the list, one of them with what can be done, its name, and the question before it is locked.
 */
import { h, icon } from '/shared/dom.js';
import { dateTime, t } from '/shared/i18n.js';
import { keyValues } from './history.js';
import { alert, banner, button, question, screen } from './parts.js';

/** @typedef {import('../types.js').Device} Device */
/** @typedef {import('../types.js').DeviceList} DeviceList */

/** As the server takes it. */
const NAME_LEN_MAX = 64;

/** @param {{ name: string, model: string }} device */
export function deviceName({ name, model }) {
  return name || model;
}

/**
 * @param {{ list: DeviceList | null, isBusy: boolean, fault: string | null, note: string | null }} model `list`: none before
 *   the server gave it
 * @param {{ back: () => void, open: (device: Device) => void, move: () => void, again: () => void, notices: () => void }} actions
 */
export function devices({ list, isBusy, fault, note }, actions) {
  return screen('devices', {
    title: t('devices.all'),
    onBack: actions.back,
    content: [
      alert(fault),
      h('div', { role: 'status' },
        note && banner('good', 'check', note),
        isBusy && !list && h('p', { class: 'row muted' }, h('span', { class: 'spinner', 'aria-hidden': 'true' }), t('devices.loading'))),
      list && h('ul', { class: 'list' }, list.devices.map((device) => h('li', null, line(device, actions.open)))),
      list && h('p', { class: 'muted small' }, t('devices.max', { count: list.devices.length, max: list.devicesMax })),
      !list && !isBusy && h('p', { class: 'muted' }, t('devices.needsNetwork')),
    ],
    actions: [
      !list && !isBusy && button('retry', t('action.retry'), actions.again, { kind: 'primary', size: 'wide big' }),
      button('move', t('move.title'), actions.move, { mark: 'install' }),
      button('notices', t('notices.title'), actions.notices, { kind: 'quiet', mark: 'info' }),
    ],
  });
}

/**
 * @param {{ device: Device, isBusy: boolean, fault: string | null, note: string | null }} model
 * @param {{ back: () => void, rename: () => void, lock: () => void, remove: () => void, move: () => void }} actions
 */
export function device({ device: one, isBusy, fault, note }, actions) {
  return screen('device', {
    title: deviceName(one),
    onBack: actions.back,
    dataset: { device: one.id, status: one.status },
    content: [
      alert(fault),
      h('div', { role: 'status' }, note && banner('good', 'check', note)),
      h('div', { class: 'card stack' },
        h('p', { class: 'row' }, badges(one)),
        keyValues([
          ['devices.model', one.model],
          ['devices.activated', dateTime(one.activatedAtMs)],
          ['devices.lastOnline', lastOnline(one)],
        ])),
      one.status.startsWith('locked_') && banner('warn', 'lock', `${t(`devices.why.${one.status}`)} ${t('settings.lockHow')}`),
      h('div', { class: 'stack' },
        button('rename', t('devices.rename'), actions.rename, { mark: 'list', isBusy }),
        one.isThis && button('move', t('move.title'), actions.move, { mark: 'install' }),
        !one.status.startsWith('locked_') && button('lock', t(one.isThis ? 'settings.lock' : 'devices.lock'), actions.lock, { kind: 'danger', mark: 'lock' }),
        button('remove', t(one.isThis ? 'remove.this' : 'remove.other'), actions.remove, { kind: 'danger', mark: 'trash' })),
    ],
  });
}

/**
 * @param {{ device: Device, isBusy: boolean, fault: string | null, check: (name: string) => boolean }} model
 * @param {{ save: (name: string) => void, back: () => void }} actions
 */
export function renameDevice({ device: one, isBusy, fault, check }, actions) {
  const error = h('p', { class: 'error', id: 'name-error', role: 'alert' });
  const input = h('input', {
    id: 'device-name', type: 'text', value: one.name, maxlength: NAME_LEN_MAX, autocomplete: 'off', enterkeyhint: 'done',
    'aria-describedby': 'name-hint name-error',
  });
  const submit = () => {
    const name = input.value.trim();
    if (check(name)) return actions.save(name);
    error.textContent = t('devices.badName');
    input.setAttribute('aria-invalid', 'true');
    input.focus();
  };
  return screen('rename-device', {
    title: t('devices.rename'),
    onBack: actions.back,
    content: [
      alert(fault),
      h('form', { class: 'stack', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } },
        h('div', { class: 'field' },
          h('label', { for: input.id }, t('devices.name')),
          input,
          h('p', { class: 'hint', id: 'name-hint' }, t('devices.nameHint', { model: one.model })),
          error)),
    ],
    actions: [button('save', t('word.save'), submit, { kind: 'primary', size: 'wide big', isBusy })],
  });
}

/**
 * @param {{ name: string, isBusy: boolean, fault: string | null }} model `name`: empty if the device has none that is known
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function lockOther({ name, isBusy, fault }, actions) {
  return question('lock-device', {
    title: name ? t('devices.lockTitle', { name }) : t('devices.lockThat'), mark: 'lock', texts: [t('devices.lockText'), t('settings.lockHow')], yes: t('settings.lockYes'), isBusy, fault,
  }, actions);
}

/**
 * @param {Device} one
 * @param {(device: Device) => void} open
 */
function line(one, open) {
  return h('button', { type: 'button', class: 'item device', dataset: { action: 'device', of: one.id }, onclick: () => open(one) },
    icon('phone'),
    h('span', { class: 'body' },
      h('span', { class: 'title' }, deviceName(one)),
      one.name && h('span', { class: 'sub' }, one.model),
      h('span', { class: 'sub' }, `${t('devices.lastOnline')}: ${lastOnline(one)}`),
      h('span', { class: 'row badges' }, badges(one))),
    icon('chevron'));
}

/** @param {Device} one */
function badges({ isThis, status }) {
  return [
    isThis && h('span', { class: 'badge good' }, t('devices.this')),
    status.startsWith('locked_') && h('span', { class: 'badge bad' }, t('devices.locked')),
    status === 'active' && h('span', { class: 'badge' }, t('devices.active')),
    status === 'unsynchronised' && h('span', { class: 'badge warn' }, t('devices.unsynchronised')),
  ];
}

/** @param {Device} one */
function lastOnline({ isThis, lastOnlineAtMs }) {
  return isThis ? t('devices.now') : dateTime(lastOnlineAtMs);
}
