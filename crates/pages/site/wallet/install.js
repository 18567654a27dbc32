/**
 * Whether the page should be installed before it stores anything. It must not know how that is asked.
 */
import { isFramed } from '/shared/frame.js';

const SKIPPED_AS = 'batzen.install';

/**
 * Safari deletes what a website stored after seven days without a visit, unless it is on the home screen. Only
 * Safari has `navigator.standalone`.
 */
export function mustInstallFirst() {
  if (isFramed || sessionStorage.getItem(SKIPPED_AS)) return false;
  const isInstalled = window.matchMedia('(display-mode: standalone)').matches
    || /** @type {{ standalone?: boolean }} */ (navigator).standalone === true;
  return 'standalone' in navigator && !isInstalled;
}

/** The person knows and goes on. */
export function skipInstall() {
  sessionStorage.setItem(SKIPPED_AS, 'skipped');
}
