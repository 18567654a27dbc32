/**
 * What a screen must end when it leaves the page: timers, listeners, the camera. Screens stay functions that
 * give an element; whoever takes the element off the page says so here. It must not know any screen.
 */

/** @type {WeakMap<Element, (() => void)[]>} */
const endings = new WeakMap();

/**
 * Has `end` called when `element` leaves the page.
 * @param {Element} element
 * @param {() => void} end
 */
export function onLeave(element, end) {
  endings.set(element, [...(endings.get(element) ?? []), end]);
}

/**
 * Ends all that `element` and what is in it have going.
 * @param {Element} element
 */
export function leave(element) {
  for (const one of [element, ...element.querySelectorAll('*')]) {
    for (const end of endings.get(one) ?? []) end();
    endings.delete(one);
  }
}
