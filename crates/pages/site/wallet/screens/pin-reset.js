/**
 * A new PIN by a code: where the code is typed, and while nobody knows yet whether it was done.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { codeField } from './code-field.js';
import { alert, button, screen, statement, todo } from './parts.js';

/**
 * @param {{ code: string, fault: string | null }} model
 * @param {{ next: (code: string) => void, back: () => void }} actions
 */
export function resetCode({ code, fault }, actions) {
  const field = codeField({ code, label: t('pinReset.label') });
  const submit = () => {
    const typed = field.read();
    if (typed) actions.next(typed);
  };
  return screen('reset-code', {
    title: t('pinReset.title'),
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, t('pinReset.text')),
      alert(fault),
      h('form', { class: 'stack', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } }, field.element),
    ],
    actions: [button('continue', t('action.continue'), submit, { kind: 'primary', size: 'wide big' })],
  });
}

/**
 * @param {{ fault: string | null, isBusy: boolean }} model
 * @param {{ retry: () => void, home: () => void }} actions
 */
export function resetPending({ fault, isBusy }, actions) {
  return statement('pin-reset-pending', {
    title: t('pinChange.pending'),
    kind: 'wait',
    mark: 'clock',
    content: [h('p', null, t('pinReset.pendingText')), fault && todo(fault)],
    actions: [
      button('retry', t('action.retry'), actions.retry, { kind: 'primary', size: 'wide big', isBusy }),
      button('home', t('action.home'), actions.home, { kind: 'quiet' }),
    ],
  });
}
