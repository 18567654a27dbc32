/**
 * Looks for what does not fit: text wider than the screen or cut off, and buttons too small for a finger.
 */

/**
 * What does not fit, one line each; empty when all does.
 * @param {import('playwright-core').Page} page
 * @returns {Promise<string[]>}
 */
export async function misfits(page) {
  return page.evaluate(() => {
    /** @type {string[]} */
    const found = [];
    const scroller = document.documentElement;
    if (scroller.scrollWidth > scroller.clientWidth) {
      found.push(`the page is ${scroller.scrollWidth} px wide on a screen of ${scroller.clientWidth} px`);
    }
    const name = (/** @type {Element} */ element) => {
      const text = (element.textContent ?? '').trim().slice(0, 40);
      return `<${element.tagName.toLowerCase()} class="${element.getAttribute('class') ?? ''}"> "${text}"`;
    };
    /** For screen readers only: clipped to a point, whatever its class is called. */
    const isClipped = (/** @type {Element | null} */ element) => {
      for (let one = element; one !== null; one = one.parentElement) {
        const { clipPath, clip, position, overflow } = getComputedStyle(one);
        const isPoint = one.clientWidth <= 1 && overflow === 'hidden' && position === 'absolute';
        if (isPoint || clipPath === 'inset(50%)' || clip === 'rect(0px, 0px, 0px, 0px)') return true;
      }
      return false;
    };
    const isHidden = (/** @type {Element} */ element) =>
      element.closest('[hidden], [aria-hidden="true"], svg, canvas') !== null ||
      !element.checkVisibility({ visibilityProperty: true }) ||
      isClipped(element);
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (parent === null || node.textContent?.trim() === '' || isHidden(parent)) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const text = range.getBoundingClientRect();
      if (text.left < -1 || text.right > scroller.clientWidth + 1) found.push(`beside the screen: ${name(parent)}`);
      for (let box = parent; box !== document.body && box !== null; box = /** @type {HTMLElement} */ (box.parentElement)) {
        const style = getComputedStyle(box);
        // Somebody else's long name may end in dots, if the whole of it is at hand.
        if (style.textOverflow === 'ellipsis' && box.title === box.textContent) break;
        const isButton = box.matches('button, .button, .badge');
        const clipsX = isButton || ['hidden', 'clip'].includes(style.overflowX);
        const clipsY = isButton || ['hidden', 'clip'].includes(style.overflowY);
        const edge = box.getBoundingClientRect();
        if (clipsX && (text.left < edge.left - 1 || text.right > edge.right + 1)) found.push(`cut off: ${name(box)}`);
        if (clipsY && (text.top < edge.top - 1 || text.bottom > edge.bottom + 1)) found.push(`cut off: ${name(box)}`);
        // What scrolls can show the rest.
        if (['auto', 'scroll'].includes(style.overflowX) || ['auto', 'scroll'].includes(style.overflowY)) break;
      }
    }
    for (const field of document.querySelectorAll('select')) {
      if (!isHidden(field) && field.scrollWidth > field.clientWidth + 1) found.push(`cut off: ${name(field)}`);
    }
    for (const control of document.querySelectorAll('button, .button, select, input:not([type="hidden"])')) {
      // A label that holds its control is touched as a whole.
      const touched = control.closest('label') ?? control;
      const { width, height } = touched.getBoundingClientRect();
      if (!isHidden(control) && Math.min(width, height) < 43.5) {
        found.push(`too small to touch, ${Math.round(width)} x ${Math.round(height)} px: ${name(control)}`);
      }
    }
    return [...new Set(found)];
  });
}
