/**
 * What a phone in the same network gets first: how it comes to trust the demo's certificate, then
 * the way into the wallet. It must not know the fingerprint: a page that an attacker could have
 * sent cannot vouch for itself, so one compares with the computer's screen.
 */
import { h, icon, mount } from '/shared/dom.js';
import { languagePicker, onLanguage, setMessages, t } from '/shared/i18n.js';
import { drawSystems } from './join.js';
import messages from './messages/all.js';

setMessages(messages);
onLanguage(draw);
draw();

function draw() {
  document.title = `${t('join.pageTitle')} – Batzen`;
  mount(document.body, h('main', { class: 'page' },
    h('header', { class: 'topbar' }, h('span', { class: 'title' }, 'Batzen'), languagePicker()),
    h('div', { class: 'stack tight' },
      h('h1', null, t('join.pageTitle')),
      h('p', { class: 'muted' }, t('join.pageText'))),
    h('ol', { class: 'stack join-steps' },
      h('li', { class: 'card stack' },
        // Without `download`: Safari on a phone asks to install what it opens, not what it saves.
        h('a', { class: 'button wide', href: '/root.crt' }, icon('download'), t('join.load'))),
      h('li', { class: 'card stack' }, h('p', null, t('join.pageCompare'))),
      h('li', { class: 'card stack' }, h('p', null, t('join.install')), drawSystems())),
    h('div', { class: 'stack tight' },
      h('a', { class: 'button primary big wide', href: '/wallet/' }, t('join.enter')),
      h('p', { class: 'muted small centred' }, t('join.enterText'))),
    h('p', { class: 'banner warn small' }, icon('warn'), h('span', null, t('join.only')))));
}
