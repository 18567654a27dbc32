/**
 * The screens before there is a wallet to look at: loading, and the faults that concern all of it.
 */
import { h } from '/shared/dom.js';
import { languagePicker, t } from '/shared/i18n.js';
import { faultText, fillsScreen } from '../faults.js';
import { button, statement, todo } from './parts.js';

/** @typedef {import('../types.js').FaultKind} FaultKind */
/** @typedef {import('/shared/dom.js').IconName} IconName */

export function loading() {
  return statement('loading', { title: t('loading.title'), kind: 'wait', isBusy: true });
}

/** @type {Partial<Record<FaultKind, IconName>>} */
const MARKS = {
  other_tab: 'copy', storage_full: 'download', keys_expired: 'offline', clock_wrong: 'clock', vault: 'key',
  certificate_expired: 'offline', certificate_ended: 'clock', revoked: 'lock', unsynchronised: 'refresh',
};

/** What helps against a fault, beside trying again. */
/** @type {Partial<Record<FaultKind, 'erase' | 'resync' | 'renew'>>} */
const REMEDIES = { damaged: 'erase', revoked: 'erase', certificate_ended: 'erase', unsynchronised: 'resync', certificate_expired: 'renew' };

/**
 * @param {{ kind: FaultKind, hasHome?: boolean }} model `hasHome`: there is a start page to go back to
 * @param {{ retry: () => void, home: () => void, erase: () => void, resync: () => void, renew: () => void }} actions
 */
export function fault({ kind, hasHome = false }, actions) {
  const remedy = REMEDIES[kind];
  const isHopeless = kind === 'not_supported';
  return statement('fault', {
    title: t(`fault.${fillsScreen(kind) ? kind : 'unexpected'}.title`),
    kind: 'bad',
    mark: MARKS[kind] ?? 'warn',
    dataset: { fault: kind },
    content: [
      fillsScreen(kind) && h('p', null, t(`fault.${kind}.what`)),
      todo(fillsScreen(kind) ? t(`fault.${kind}.do`) : faultText(kind)),
      !hasHome && languagePicker(),
    ],
    actions: [
      remedy === 'resync' && button('resync', t('standing.resync'), actions.resync, { kind: 'primary', size: 'wide big' }),
      !isHopeless && remedy !== 'resync' && button('retry', t('action.retry'), remedy === 'renew' ? actions.renew : actions.retry, { kind: 'primary', size: 'wide big' }),
      remedy === 'erase' && button('erase', t('settings.erase'), actions.erase, { kind: 'danger' }),
      hasHome && button('home', t('action.home'), actions.home, { kind: 'quiet' }),
    ],
  });
}
