/**
 * The page around this one, when it stands in a frame of its own origin (the demo's front page). Nobody else is heard
 * or told. It must not know what is said.
 */

/** Whether the page stands in a frame. */
export const isFramed = window.parent !== window;

/** @param {Record<string, unknown>} message */
export function tellParent(message) {
  if (isFramed) window.parent.postMessage(message, location.origin);
}

/**
 * Calls `on` with what the parent says.
 * @param {(message: Record<string, any>) => void} on
 */
export function hearParent(on) {
  if (!isFramed) return;
  window.addEventListener('message', ({ origin, source, data }) => {
    if (origin === location.origin && source === window.parent && data !== null && typeof data === 'object') on(data);
  });
}
