/**
 * Ending a device for good: what that means, the last one's own warning, the PIN, and what came of it.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { button, question, statement } from './parts.js';

/**
 * Whether another device is lost or of no more use.
 * @param {{ name: string }} model
 * @param {{ lost: () => void, unused: () => void, no: () => void }} actions
 */
export function removeDevice({ name }, actions) {
  return statement('remove-device', {
    title: t('remove.title', { name }),
    mark: 'trash',
    onBack: actions.no,
    content: [h('p', null, t('remove.text')), h('p', null, t('remove.why'))],
    actions: [
      button('lost', t('remove.lost'), actions.lost, { kind: 'danger', size: 'wide big' }),
      button('unused', t('remove.unused'), actions.unused, { kind: 'danger', size: 'wide big' }),
      button('cancel', t('action.cancel'), actions.no, { kind: 'quiet' }),
    ],
  });
}

/**
 * @param {Record<string, never>} _model
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function removeThis(_model, actions) {
  return question('remove-this', {
    title: t('remove.thisTitle'), mark: 'trash', texts: [t('remove.text'), t('remove.thisText')], yes: t('remove.goOn'), isBusy: false, fault: null,
  }, actions);
}

/**
 * @param {Record<string, never>} _model
 * @param {{ yes: () => void, no: () => void }} actions
 */
export function removeLast(_model, actions) {
  return question('remove-last', {
    title: t('remove.lastTitle'), mark: 'warn', texts: [t('remove.lastText'), t('remove.lastHow')], yes: t('remove.lastYes'), isBusy: false, fault: null,
  }, actions);
}

export function removing() {
  return statement('removing-device', { title: t('remove.running'), kind: 'wait', isBusy: true });
}

/**
 * @param {Record<string, never>} _model
 * @param {{ done: () => void }} actions
 */
export function removedThis(_model, actions) {
  return statement('removed-this', {
    title: t('remove.thisDone'),
    kind: 'good',
    mark: 'check',
    content: [h('p', null, t('remove.thisDoneText'))],
    actions: [button('done', t('action.done'), actions.done, { kind: 'primary', size: 'wide big' })],
  });
}
