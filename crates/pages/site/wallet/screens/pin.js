/**
 * Choosing a PIN, and what follows from it until the wallet is activated.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { alert, banner, button, screen, statement, todo, triesWarning } from './parts.js';
import { pinPad } from './pinpad.js';

/**
 * @param {{ step: 'choose' | 'repeat', isChange: boolean, fault: string | null }} model `isChange`: there is a PIN already
 * @param {{ pin: (pin: string) => void, back: () => void }} actions
 */
export function choosePin({ step, isChange, fault }, actions) {
  const isRepeat = step === 'repeat';
  return screen(isRepeat ? 'repeat-pin' : 'choose-pin', {
    title: t(`${isChange ? 'pinChange' : 'pin'}.${step}`),
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, t(isRepeat ? 'pin.repeatText' : 'pin.rules')),
      alert(fault),
      isRepeat && banner('', 'info', t('pin.forget')),
      h('div', { class: 'pin-place' }, pinPad({ onPin: actions.pin })),
    ],
  });
}

/**
 * The wallet's PIN, for what is grave.
 * @param {string} name the screen's
 * @param {{ title: string, text: string, triesLeft: number | null, fault: string | null, more?: import('/shared/dom.js').Child }} model
 * @param {{ pin: (pin: string) => void, back: () => void }} actions
 */
export function enterPin(name, { title, text, triesLeft, fault, more = null }, actions) {
  return screen(name, {
    title,
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, text),
      alert(fault ?? triesWarning(triesLeft)),
      more,
      h('div', { class: 'pin-place' }, pinPad({ onPin: actions.pin })),
    ],
  });
}

export function activating() {
  return statement('activating', {
    title: t('activating.title'), kind: 'wait', isBusy: true, content: [h('p', null, t('activating.text'))],
  });
}

/**
 * @param {{ fault: string | null, isSent: boolean, isBusy: boolean }} model `isSent`: the server may know of it already
 * @param {{ retry: () => void, abandon: () => void }} actions
 */
export function activationPending({ fault, isSent, isBusy }, actions) {
  return statement('activation-pending', {
    title: t(isSent ? 'pending.title' : 'pending.failed'),
    kind: 'bad',
    mark: 'warn',
    content: [
      isSent && h('p', null, t('pending.text')),
      fault && todo(fault),
      h('p', { class: 'small' }, t('pending.abandonText')),
    ],
    actions: [
      button('retry', t('action.retry'), actions.retry, { kind: 'primary', size: 'wide big', isBusy }),
      button('abandon', t('pending.abandon'), actions.abandon, { kind: 'quiet' }),
    ],
  });
}
