/**
 * Changing the PIN: the one so far, and what came of it. The new one is chosen as the first was, in `pin.js`.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { button, statement, todo } from './parts.js';
import { enterPin } from './pin.js';

/**
 * @param {{ triesLeft: number | null, fault: string | null }} model
 * @param {{ pin: (pin: string) => void, forgotten: () => void, back: () => void }} actions
 */
export function presentPin(model, actions) {
  const more = button('reset-pin', t('pinReset.forgotten'), actions.forgotten, { kind: 'quiet' });
  return enterPin('present-pin', { title: t('pinChange.present'), text: t('pinChange.presentText'), more, ...model }, actions);
}

export function changingPin() {
  return statement('changing-pin', {
    title: t('pinChange.changing'), kind: 'wait', isBusy: true, content: [h('p', null, t('pinChange.changingText'))],
  });
}

/**
 * @param {{ fault: string | null, isBusy: boolean }} model
 * @param {{ retry: () => void, home: () => void }} actions
 */
export function pinChangePending({ fault, isBusy }, actions) {
  return statement('pin-change-pending', {
    title: t('pinChange.pending'),
    kind: 'wait',
    mark: 'clock',
    content: [h('p', null, t('pinChange.pendingText')), fault && todo(fault)],
    actions: [
      button('retry', t('action.retry'), actions.retry, { kind: 'primary', size: 'wide big', isBusy }),
      button('home', t('action.home'), actions.home, { kind: 'quiet' }),
    ],
  });
}

/**
 * @param {Record<string, never>} _model
 * @param {{ done: () => void }} actions
 */
export function pinChanged(_model, actions) {
  return statement('pin-changed', {
    title: t('pinChange.done'),
    kind: 'good',
    mark: 'check',
    content: [h('p', null, t('pinChange.doneText'))],
    actions: [button('done', t('action.done'), actions.done, { kind: 'primary', size: 'wide big' })],
  });
}
