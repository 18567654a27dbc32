/**
 * What became of the customer's devices, newest first. What somebody else may have done stands out.
 */
import { h, icon } from '/shared/dom.js';
import { dateTime, t } from '/shared/i18n.js';
import { banner, button, screen } from './parts.js';

/** @typedef {import('../types.js').Notice} Notice */

/**
 * What helps where somebody else did it: locking the device, asking the office, or nothing more, for it is locked or gone.
 * @typedef {'lock' | 'ask' | 'over'} Remedy
 */

/** @type {Record<import('../types.js').NoticeKind, import('/shared/dom.js').IconName>} */
const MARKS = {
  activated: 'phone', locked: 'lock', unlocked: 'check', revoked: 'trash', renamed: 'list', pin_changed: 'key', pin_reset: 'key',
  certificate_renewed: 'refresh', move_begun: 'install',
};

/**
 * @param {{ notices: Notice[], device: string | null, nameOf: (id: string) => string | null, remedyOf: (id: string) => Remedy, note: string | null }} model
 *   `device`: this one; `nameOf`: what a device is called today, if that is known
 * @param {{ back: () => void, lock: (notice: Notice) => void }} actions
 */
export function notices({ notices: all, device, nameOf, remedyOf, note }, actions) {
  return screen('notices', {
    title: t('notices.title'),
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, t('notices.text')),
      h('div', { role: 'status' }, note && banner('good', 'check', note)),
      all.length === 0
        ? h('p', { class: 'muted empty' }, t('notices.none'))
        : h('ul', { class: 'list notices-list' }, all.map((one) => {
          const remedy = one.isAlarming ? remedyOf(one.about) : 'over';
          return h('li', { class: remedy === 'over' ? null : 'alarming', dataset: { notice: one.kind, sequence: one.sequence } },
            line(one, remedy, whose(one, device, nameOf), byWhom(one, device, nameOf)),
            remedy !== 'over' && alarm(one, remedy, actions.lock),
            one.isAlarming && remedy === 'over' && h('p', { class: 'alarm muted' }, t('notices.over')));
        })),
    ],
  });
}

/**
 * What the device is called that a notice is about, in words that begin a sentence.
 * @param {Notice} one
 * @param {string | null} device this one
 * @param {(id: string) => string | null} nameOf
 */
function whose({ about, deviceName }, device, nameOf) {
  if (about === device) return t('notices.thisDevice');
  return deviceName || nameOf(about) || t('notices.otherDevice');
}

/**
 * @param {Notice} one
 * @param {Remedy} remedy
 * @param {string} name
 * @param {string} by
 */
function line(one, remedy, name, by) {
  return h('div', { class: 'item' },
    icon(remedy !== 'over' ? 'warn' : MARKS[one.kind] ?? 'info'),
    h('div', { class: 'body' },
      h('span', { class: 'title' }, t(`notice.${one.kind}`, { name })),
      h('span', { class: 'sub' }, [by, dateTime(one.atMs)].filter(Boolean).join(' · '))),
    one.isUnread && h('span', { class: 'badge warn' }, t('notices.new')));
}

/**
 * @param {Notice} one
 * @param {Remedy} remedy
 * @param {(notice: Notice) => void} lock
 */
function alarm(one, remedy, lock) {
  const canLock = remedy === 'lock';
  return h('div', { class: 'alarm stack tight' },
    h('p', null, t(canLock ? 'notices.notYou' : 'notices.notYouAsk')),
    canLock && button('lock-it', t('notices.lockIt'), () => lock(one), { kind: 'danger', mark: 'lock', of: String(one.sequence) }));
}

/**
 * @param {Notice} one
 * @param {string | null} device
 * @param {(id: string) => string | null} nameOf
 */
function byWhom({ by, about }, device, nameOf) {
  if (by === 'server') return t('notices.byServer');
  if (by === 'operator') return t('notices.byOperator');
  if (by === device) return t('notices.byThis');
  if (by === about) return '';
  const name = nameOf(by);
  return name ? t('notices.byNamed', { name }) : t('notices.byOther');
}
