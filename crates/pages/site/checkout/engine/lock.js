/**
 * One tab at a time: two that write one journal would give a sale's number twice. Must not know what is locked.
 */

import { Fault } from './fault.js';

const NAME = 'batzen-checkout';

/**
 * Resolves once this tab alone has the till, and holds it until the tab closes.
 * @param {() => void} onTaken another tab has it, and this one waits
 * @returns {Promise<void>}
 */
export function holdTill(onTaken) {
  if (!navigator.locks) throw new Fault('not_supported', 'Web Locks');
  return new Promise((resolve, reject) => {
    const forever = () => new Promise(() => resolve());
    const tried = navigator.locks.request(NAME, { ifAvailable: true }, (lock) => {
      if (lock) return forever();
      onTaken();
      navigator.locks.request(NAME, forever).catch(reject);
      return undefined;
    });
    tried.catch(reject);
  });
}
