/**
 * The path of a payment: one row for each step, lit with what happened and how long it took. It
 * shows the rows of the story and decides nothing.
 */
import { h, icon } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { duration } from './durations.js';
import { SERVER_STEPS, rowsOf, spanOf } from './story.js';

/** @typedef {import('./types.js').Row} Row */

/**
 * @param {import('./types.js').Story} story
 * @returns {HTMLElement}
 */
export function drawPath(story) {
  const { machineMs } = spanOf(story);
  return h('div', { class: 'path' },
    h('h2', { class: 'visually-hidden' }, t('path.title')),
    h('ol', null, rowsOf(story).map(drawRow)),
    h('p', { class: machineMs === null ? 'path-sum unmeasured' : 'path-sum' },
      h('span', null, t('path.sum')),
      h('strong', { class: 'number' }, machineMs === null ? '' : duration(machineMs))));
}

/** @param {Row} row */
function drawRow({ step, state, ms, words }) {
  return h('li', { class: `path-row ${state} ${SERVER_STEPS.includes(step) ? 'inner' : ''}`, dataset: { step } },
    h('span', { class: 'path-mark', 'aria-hidden': 'true' }, mark(state)),
    h('span', { class: 'body' },
      h('span', { class: 'title' }, t(`path.${step}.name`)),
      h('span', { class: 'sub' }, t(words))),
    h('span', { class: 'path-time number' }, ms === null ? '' : duration(ms)));
}

/** @param {Row['state']} state */
function mark(state) {
  if (state === 'good') return icon('check');
  if (state === 'bad') return icon('cross');
  return state === 'busy' ? h('span', { class: 'path-pulse' }) : null;
}
