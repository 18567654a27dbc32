/**
 * The activation code, typed with forgiveness or scanned.
 */
import { h, icon } from '/shared/dom.js';
import { languagePicker, t } from '/shared/i18n.js';
import { readActivationCode } from '../activation-code.js';
import { onLeave } from '../lifecycle.js';
import { alert, button, screen } from './parts.js';

/**
 * @param {{ code: string, fault: string | null, canInstall: boolean }} model
 * @param {{ next: (code: string) => void, scan: () => void, install: () => void }} actions
 */
export function activate({ code, fault, canInstall }, actions) {
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

  function submit() {
    const typed = readActivationCode(input.value);
    if (typed.wrong) say(t('activate.wrongCharacter', { character: typed.wrong }));
    else if (typed.missing < 0) say(t('activate.tooLong'));
    else if (typed.missing > 0) say(t('activate.incomplete', { count: typed.missing }));
    else return actions.next(typed.text);
    input.focus();
  }

  return screen('activate', {
    title: t('activate.title'),
    end: languagePicker(),
    content: [
      h('p', { class: 'lead' }, t('activate.text')),
      alert(fault),
      h('form', { class: 'stack', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } },
        h('div', { class: 'field code' },
          h('label', { for: 'activation-code' }, t('activate.label')),
          input,
          h('p', { class: 'hint', id: 'code-hint' }, t('activate.hint')),
          error),
        h('button', { type: 'button', class: 'button wide', dataset: { action: 'scan' }, onclick: actions.scan },
          icon('camera'), t('activate.scan'))),
    ],
    actions: [
      button('continue', t('action.continue'), submit, { kind: 'primary', size: 'wide big' }),
      canInstall && button('install', t('install.now'), actions.install, { kind: 'quiet', mark: 'install' }),
    ],
  });
}

/**
 * `onWrong` is called when a code was read that is no activation code.
 * @typedef {(video: HTMLVideoElement, onState: (state: import('/shared/camera.js').ScannerState) => void, onWrong: () => void) => Promise<{ stop(): void }>} StartCamera
 */

/**
 * @param {Record<string, never>} _model
 * @param {{ start: StartCamera, back: () => void }} actions
 */
export function scan(_model, actions) {
  const video = h('video', { class: 'viewfinder', muted: true, playsinline: true, 'aria-label': t('scan.video') });
  const says = h('p', { class: 'centred', role: 'status' }, t('scan.starting'));
  const element = screen('scan', {
    title: t('scan.title'),
    onBack: actions.back,
    content: [h('div', { class: 'finder' }, video), says],
    actions: [button('type', t('scan.type'), actions.back, { kind: 'quiet' })],
  });
  let hasLeft = false;
  const started = actions.start(video, (state) => {
    if (state !== 'stopped') says.textContent = t(`scan.${state}`);
  }, () => { says.textContent = t('scan.notACode'); });
  onLeave(element, () => { hasLeft = true; });
  started.then((camera) => {
    if (hasLeft) camera.stop();
    else onLeave(element, () => camera.stop());
  }).catch(() => { says.textContent = t('scan.none'); });
  return element;
}
