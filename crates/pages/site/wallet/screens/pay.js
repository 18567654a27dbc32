/**
 * Paying: the PIN, and what the code may be used for.
 */
import { h, icon } from '/shared/dom.js';
import { minorDigits, money, moneyNumber, t } from '/shared/i18n.js';
import { CAP_CHOICES, readAmount, toMinor } from '../amounts.js';
import { alert, banner, button, methodName, methodSub, screen, triesWarning } from './parts.js';
import { pinPad } from './pinpad.js';

/** @typedef {import('../types.js').Method} Method */

/**
 * @param {{ method: Method, capMinor: number, till: string | null, triesLeft: number | null, pinHint: import('../types.js').Hint | null, fault: string | null }} model
 *   `pinHint`: which PIN is the one to type, where that is a question
 * @param {{ pin: (pin: string, timing: import('../types.js').PinTiming) => void, options: () => void, back: () => void }} actions
 */
export function pay({ method, capMinor, till, triesLeft, pinHint, fault }, actions) {
  return screen('pay', {
    title: t('pay.title'),
    onBack: actions.back,
    content: [
      h('button', { type: 'button', class: 'card summary', dataset: { action: 'options' }, onclick: actions.options },
        icon('bank'),
        h('span', { class: 'body' },
          h('span', { class: 'title' }, t('pay.upTo'), ' ', money(capMinor, method.currency ?? 'CHF')),
          h('span', { class: 'sub' }, methodName(method)),
          till && h('span', { class: 'sub' }, t('pay.till', { till }))),
        h('span', { class: 'change' }, t('action.change'))),
      pinHint && banner(pinHint === 'pin_changed' ? 'good' : '', 'key', t(`hint.${pinHint}`)),
      alert(fault ?? triesWarning(triesLeft)),
      h('div', { class: 'pin-place' }, pinPad({ isMarked: true, onPin: actions.pin })),
    ],
  });
}

/**
 * @param {{ methods: Method[], slot: number, capMinor: number, till: string | null }} model
 * @param {{ apply: (wish: import('../types.js').Wish) => void, checkTill: (text: string) => boolean, back: () => void }} actions
 */
export function payOptions({ methods, slot, capMinor, till }, actions) {
  const form = optionsForm({ methods, slot, capMinor, till });
  const submit = () => {
    const wish = form.read(actions.checkTill);
    if (wish) actions.apply(wish);
  };
  form.element.addEventListener('submit', (event) => { event.preventDefault(); submit(); });
  return screen('pay-options', {
    title: t('options.title'),
    onBack: actions.back,
    content: [form.element],
    actions: [button('apply', t('options.apply'), submit, { kind: 'primary', size: 'wide big' })],
  });
}

/** @param {{ methods: Method[], slot: number, capMinor: number, till: string | null }} model */
function optionsForm({ methods, slot, capMinor, till }) {
  const currencyOf = (/** @type {number} */ at) => methods.find((one) => one.slot === at)?.currency ?? 'CHF';
  const currency = currencyOf(slot);
  const caps = CAP_CHOICES.map((major) => toMinor(major, currency));
  const isOwn = !caps.includes(capMinor);
  const own = field('own-cap', t('options.own'), t('options.ownHint', { currency, example: moneyNumber(toMinor(75.5, currency), currency) }), {
    value: isOwn ? moneyNumber(capMinor, currency) : '', inputmode: minorDigits(currency) > 0 ? 'decimal' : 'numeric',
  });
  const tillField = field('till', t('options.till'), t('options.tillHint'), { value: till ?? '', inputmode: 'numeric' });
  const chips = h('div', { class: 'chips' },
    caps.map((minor) => choice('cap', String(minor), minor === capMinor, money(minor, currency).replace(/[.,]00$/, ''))),
    choice('cap', 'own', isOwn, t('options.own')));
  own.element.classList.add('own-cap');
  own.element.querySelector('label')?.classList.add('visually-hidden');
  const element = h('form', { class: 'stack loose' },
    h('fieldset', { class: 'stack tight' }, h('legend', null, t('options.method')),
      methods.map((one) => choice('method', String(one.slot), one.slot === slot, methodName(one), methodSub(one)))),
    h('fieldset', { class: 'stack tight' }, h('legend', null, t('options.cap')),
      h('p', { class: 'muted small' }, t('options.capText')), chips, own.element),
    tillField.element,
    // Without a button of its own a form of several fields is not sent by Enter.
    h('button', { type: 'submit', hidden: true }));

  return {
    element,
    /** @param {(text: string) => boolean} checkTill */
    read(checkTill) {
      const chosen = new FormData(element);
      const chosenSlot = Number(chosen.get('method') ?? slot);
      const chosenCap = chosen.get('cap') === 'own'
        ? readAmount(own.input.value, currencyOf(chosenSlot))
        : Number(chosen.get('cap'));
      const chosenTill = tillField.input.value.replace(/\s/g, '') || null;
      const isTillGood = chosenTill === null || checkTill(chosenTill);
      tillField.say(isTillGood ? '' : t('fault.bad_till'));
      own.say(chosenCap ? '' : t('fault.bad_cap'));
      if (!isTillGood || !chosenCap) return null;
      return { slot: chosenSlot, capMinor: chosenCap, till: chosenTill };
    },
  };
}

/**
 * @param {string} name
 * @param {string} value
 * @param {boolean} isChosen
 * @param {string} title
 * @param {string} [sub]
 */
function choice(name, value, isChosen, title, sub) {
  return h('label', { class: 'choice' },
    h('input', { type: 'radio', name, value, checked: isChosen, dataset: { action: name, of: value } }),
    h('span', { class: 'body' }, h('span', { class: 'title' }, title), sub && h('span', { class: 'sub' }, sub)));
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} hint
 * @param {import('/shared/dom.js').Props} props
 */
function field(id, label, hint, props) {
  const error = h('p', { class: 'error', id: `${id}-error`, role: 'alert' });
  const input = h('input', {
    id, type: 'text', autocomplete: 'off', 'aria-describedby': `${id}-hint ${id}-error`, ...props,
  });
  const element = h('div', { class: 'field' },
    h('label', { for: id }, label), input, h('p', { class: 'hint', id: `${id}-hint` }, hint), error);
  return {
    element,
    input,
    /** @param {string} text */
    say(text) {
      error.textContent = text;
      input.setAttribute('aria-invalid', String(text !== ''));
      if (text) input.focus();
    },
  };
}
