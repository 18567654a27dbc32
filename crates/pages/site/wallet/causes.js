/**
 * What each cause of a refusal means for the customer: which words explain it, and what the screen offers next.
 * It must not know what the words are.
 */

/** @typedef {'pay' | 'higherCap' | 'otherMethod' | 'options' | 'resync' | 'goOnline' | 'addBank' | 'home'} Remedy */

/** @type {Record<string, { words: string, remedy: Remedy }>} */
const CAUSES = {
  too_old: { words: 'too_old', remedy: 'pay' },
  too_new: { words: 'too_new', remedy: 'goOnline' },
  counter_used: { words: 'counter_used', remedy: 'pay' },
  counter_fork: { words: 'counter_fork', remedy: 'home' },
  counter_behind: { words: 'unsynchronised', remedy: 'resync' },
  enrolment_locked: { words: 'enrolment_locked', remedy: 'goOnline' },
  enrolment_unsynchronised: { words: 'unsynchronised', remedy: 'resync' },
  unknown_pin_generation: { words: 'unknown_pin_generation', remedy: 'goOnline' },
  wrong_pin: { words: 'wrong_pin', remedy: 'pay' },
  method_unknown: { words: 'method', remedy: 'otherMethod' },
  method_removed: { words: 'method', remedy: 'otherMethod' },
  method_unproved: { words: 'method_unproved', remedy: 'addBank' },
  currency_mismatch: { words: 'currency_mismatch', remedy: 'otherMethod' },
  cap_exceeded: { words: 'cap_exceeded', remedy: 'higherCap' },
  wrong_terminal: { words: 'wrong_terminal', remedy: 'options' },
  evidence_refused: { words: 'evidence_refused', remedy: 'goOnline' },
  limit_exceeded: { words: 'limit_exceeded', remedy: 'home' },
  offline_too_long: { words: 'offline_too_long', remedy: 'goOnline' },
  policy_refused: { words: 'policy_refused', remedy: 'otherMethod' },
  approval_needed: { words: 'approval_needed', remedy: 'pay' },
  certificate_expired: { words: 'certificate_expired', remedy: 'goOnline' },
  app_blocked: { words: 'app_blocked', remedy: 'home' },
  pin_locked: { words: 'pin_locked', remedy: 'home' },
  insufficient_funds: { words: 'insufficient_funds', remedy: 'otherMethod' },
  account_unusable: { words: 'account_unusable', remedy: 'otherMethod' },
  provider_refused: { words: 'provider_refused', remedy: 'otherMethod' },
  provider_silent: { words: 'provider_silent', remedy: 'pay' },
};

/** A later server may give causes that this page has no words for. */
const UNKNOWN = { words: 'unknown', remedy: /** @type {Remedy} */ ('pay') };

/** @param {string | null} cause */
export function explain(cause) {
  return CAUSES[cause ?? ''] ?? UNKNOWN;
}

/** Every cause that has words of its own. */
export const KNOWN_CAUSES = Object.keys(CAUSES);
