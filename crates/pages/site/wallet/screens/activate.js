/**
 * The activation code, typed with forgiveness or scanned.
 */
import { h, icon } from '/shared/dom.js';
import { languagePicker, t } from '/shared/i18n.js';
import { onLeave } from '../lifecycle.js';
import { codeField } from './code-field.js';
import { alert, button, screen } from './parts.js';

/**
 * @param {{ code: string, fault: string | null, canInstall: boolean }} model
 * @param {{ next: (code: string) => void, scan: () => void, install: () => void }} actions
 */
export function activate({ code, fault, canInstall }, actions) {
  const field = codeField({ code, label: t('activate.label') });
  const submit = () => {
    const typed = field.read();
    if (typed) actions.next(typed);
  };
  return screen('activate', {
    title: t('activate.title'),
    end: languagePicker(),
    content: [
      h('p', { class: 'lead' }, t('activate.text')),
      alert(fault),
      h('form', { class: 'stack', onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); submit(); } },
        field.element,
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
