/**
 * Adding a bank account: the way to the bank, and what came back from it.
 */
import { h, icon } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { alert, banner, button, methodName, methodSub, screen, statement } from './parts.js';

/**
 * Says whose wallet this is: somebody who was led here with another's activation code should notice it now.
 * @param {{ name: string | null, isBusy: boolean, isOnline: boolean, fault: string | null }} model
 * @param {{ go: () => void, back: () => void }} actions
 */
export function addBank({ name, isBusy, isOnline, fault }, actions) {
  const points = ['bank.point1', 'bank.point2', 'bank.point3'];
  return screen('add-bank', {
    title: t('bank.title'),
    onBack: actions.back,
    content: [
      h('p', { class: 'lead' }, t('bank.text')),
      h('ul', { class: 'points stack' }, points.map((point) => h('li', { class: 'row' }, icon('check'), h('span', null, t(point))))),
      name !== null && banner('', 'lock', t('bank.owner', { name })),
      !isOnline && !fault && banner('warn', 'offline', t('fault.offline')),
      alert(fault),
    ],
    actions: [button('go-to-bank', t(isBusy ? 'bank.going' : 'bank.go'), actions.go, { kind: 'primary', mark: 'bank', size: 'wide big', isBusy })],
  });
}

export function bankFinishing() {
  return statement('bank-finishing', {
    title: t('bank.finishing'), kind: 'wait', isBusy: true, content: [h('p', null, t('bank.finishingText'))],
  });
}

/**
 * @param {{ method: import('../types.js').Method }} model
 * @param {{ pay: () => void, home: () => void }} actions
 */
export function bankDone({ method }, actions) {
  return statement('bank-done', {
    title: t('bank.doneTitle'),
    kind: 'good',
    mark: 'check',
    content: [
      h('p', null, t('bank.doneText')),
      h('div', { class: 'card row' }, icon('bank'),
        h('div', { class: 'body' }, h('span', { class: 'title' }, methodName(method)), h('span', { class: 'sub' }, methodSub(method)))),
    ],
    actions: [
      button('pay', t('home.pay'), actions.pay, { kind: 'primary', size: 'wide big' }),
      button('home', t('action.done'), actions.home, { kind: 'quiet' }),
    ],
  });
}

/**
 * @param {{ fault: string | null }} model `null`: the customer cancelled
 * @param {{ retry: () => void, home: () => void }} actions
 */
export function bankNotDone({ fault }, actions) {
  return statement(fault ? 'bank-refused' : 'bank-cancelled', {
    title: t(fault ? 'bank.refusedTitle' : 'bank.cancelledTitle'),
    kind: fault ? 'bad' : 'wait',
    mark: fault ? 'warn' : 'bank',
    content: [h('p', null, fault ?? t('bank.cancelledText'))],
    actions: [
      button('retry', t('action.retry'), actions.retry, { kind: 'primary', size: 'wide big' }),
      button('home', t('action.home'), actions.home, { kind: 'quiet' }),
    ],
  });
}
