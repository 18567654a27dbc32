/**
 * The field for a code of twelve characters, as people type it: forgiving while it is typed, and plain about what is
 * missing. It must not know what the code is for.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { readActivationCode } from '../activation-code.js';

/**
 * @param {{ code: string, label: string }} model
 * @returns {{ element: HTMLElement, read: () => string | null }} `read` gives the code once it is whole, or says what is
 *   wrong and moves the focus there
 */
export function codeField({ code, label }) {
  const error = h('p', { class: 'error', id: 'code-error', role: 'alert' });
  const input = h('input', {
    id: 'activation-code', type: 'text', value: code, autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false',
    enterkeyhint: 'next', 'aria-describedby': 'code-hint code-error', oninput: () => regroup(),
  });

  function regroup() {
    const typed = readActivationCode(input.value);
    const isAtEnd = input.selectionStart === input.value.length;
    // Rewriting while somebody corrects the middle would move the cursor from under them.
    if (isAtEnd && !typed.wrong) input.value = typed.text;
    say(typed.wrong ? t('activate.wrongCharacter', { character: typed.wrong }) : '');
  }

  /** @param {string} text */
  function say(text) {
    error.textContent = text;
    input.setAttribute('aria-invalid', String(text !== ''));
  }

  function read() {
    const typed = readActivationCode(input.value);
    if (typed.wrong) say(t('activate.wrongCharacter', { character: typed.wrong }));
    else if (typed.missing < 0) say(t('activate.tooLong'));
    else if (typed.missing > 0) say(t('activate.incomplete', { count: typed.missing }));
    else return typed.text;
    input.focus();
    return null;
  }

  const element = h('div', { class: 'field code' },
    h('label', { for: input.id }, label),
    input,
    h('p', { class: 'hint', id: 'code-hint' }, t('activate.hint')),
    error);
  return { element, read };
}
