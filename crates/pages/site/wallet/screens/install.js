/**
 * Asks to install the page before anything is stored, where the browser would delete it.
 */
import { h } from '/shared/dom.js';
import { languagePicker, t } from '/shared/i18n.js';
import { button, screen } from './parts.js';

/**
 * @param {{ canPrompt: boolean, code: string | null }} model `canPrompt`: the browser installs at a press of ours
 * @param {{ install: () => void, anyway: () => void }} actions
 */
export function install({ canPrompt, code }, actions) {
  const steps = ['install.step1', 'install.step2', 'install.step3'];
  return screen('install', {
    title: t('install.title'),
    end: languagePicker(),
    content: [
      h('p', { class: 'lead' }, t(canPrompt ? 'install.whyPrompt' : 'install.why')),
      !canPrompt && h('ol', { class: 'steps' }, steps.map((step) => h('li', null, h('span', null, t(step))))),
      // The installed app begins empty: what the link carried must be typed there.
      !canPrompt && code && h('div', { class: 'card stack tight' },
        h('p', { class: 'muted' }, t('install.yourCode')),
        h('p', { class: 'code-text' }, code)),
    ],
    actions: [
      canPrompt && button('install', t('install.now'), actions.install, { kind: 'primary', mark: 'install', size: 'wide big' }),
      button('anyway', t('install.anyway'), actions.anyway, { kind: 'quiet' }),
    ],
  });
}
