/**
 * What stands in place of the start page while the wallet cannot pay: why, and what to do.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { alert, button, statement, todo } from './parts.js';

/**
 * @param {{ standing: Exclude<import('../types.js').Standing, 'active'>, isBusy: boolean, fault: string | null }} model
 * @param {{ checkAgain: () => void, resetPin: () => void, resync: () => void, activateAnew: () => void, history: () => void, settings: () => void }} actions
 */
export function locked({ standing, isBusy, fault }, actions) {
  const main = { kind: /** @type {const} */ ('primary'), size: 'wide big', isBusy };
  return statement('locked', {
    title: t(`standing.${standing}.title`),
    kind: standing === 'unsynchronised' ? 'wait' : 'bad',
    mark: standing === 'unsynchronised' ? 'refresh' : 'lock',
    dataset: { standing },
    content: [h('p', null, t(`standing.${standing}.what`)), todo(t(`standing.${standing}.do`)), alert(fault)],
    actions: [
      standing === 'unsynchronised' && button('resync', t('standing.resync'), actions.resync, main),
      standing === 'revoked' && button('activate-anew', t('standing.activateAnew'), actions.activateAnew, main),
      standing === 'locked_pin' && button('reset-pin', t('pinReset.go'), actions.resetPin, { kind: 'primary', size: 'wide big' }),
      standing !== 'unsynchronised' && button('check-again', t('action.checkAgain'), actions.checkAgain,
        standing === 'locked_pin' || standing === 'revoked' ? { isBusy } : main),
      h('div', { class: 'row pair' },
        button('history', t('history.title'), actions.history, { kind: 'quiet', size: '' }),
        button('settings', t('settings.title'), actions.settings, { kind: 'quiet', size: '' })),
    ],
  });
}
