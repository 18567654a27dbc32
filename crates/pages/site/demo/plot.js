/**
 * A small bar plot: this payment beside what a central bank's survey found at real tills. It shows
 * what was measured and nothing else; without a payment our bar is empty.
 */
import { h } from '/shared/dom.js';
import { t } from '/shared/i18n.js';
import { duration, seconds } from './durations.js';

/** Deutsche Bundesbank, survey by forsa, 2023: averages at the checkout. */
const SURVEY = [
  { name: 'plot.phone', ms: 14_000 },
  { name: 'plot.contactless', ms: 15_200 },
  { name: 'plot.cash', ms: 18_700 },
];
const PARTS = /** @type {const} */ (['typedMs', 'handMs', 'machineMs']);

/**
 * @param {import('./types.js').Span} span
 * @returns {HTMLElement}
 */
export function drawPlot(span) {
  const oursMs = PARTS.reduce((sum, part) => sum + (span[part] ?? 0), 0);
  const longestMs = Math.max(oursMs, ...SURVEY.map(({ ms }) => ms));
  const share = (/** @type {number} */ ms) => ({ '--share': ms / longestMs });
  const isMeasured = span.machineMs !== null;
  return h('section', { class: 'card stack plot', 'aria-labelledby': 'plot-title' },
    h('h2', { id: 'plot-title' }, t('plot.title')),
    h('ul', { class: 'stack tight' },
      h('li', { class: 'bar-row ours' },
        h('span', { class: 'bar-name' }, t('plot.ours')),
        h('span', { class: 'bar', 'aria-hidden': 'true' },
          PARTS.map((part) => (span[part] ? h('span', { class: part, style: share(span[part] ?? 0) }) : null))),
        h('span', { class: 'bar-value number' }, isMeasured ? seconds(oursMs, 1) : '–')),
      SURVEY.map(({ name, ms }) => h('li', { class: 'bar-row' },
        h('span', { class: 'bar-name' }, t(name)),
        h('span', { class: 'bar', 'aria-hidden': 'true' }, h('span', { style: share(ms) })),
        h('span', { class: 'bar-value number' }, seconds(ms, 1))))),
    isMeasured ? drawLegend(span) : h('p', { class: 'muted' }, t('plot.empty')),
    h('p', { class: 'muted small' }, t('plot.source')));
}

/** @param {import('./types.js').Span} span */
function drawLegend(span) {
  return h('ul', { class: 'legend small' }, PARTS.map((part) => {
    const ms = span[part];
    return ms === null ? null : h('li', null,
      h('span', { class: `legend-mark ${part}`, 'aria-hidden': 'true' }),
      h('span', null, t(`plot.${part}`)), ' ',
      h('strong', { class: 'number' }, duration(ms)));
  }));
}
