/**
 * The wallet engine's types: what the page's flows ask of it, and what they get. Amounts are minor units of their
 * currency, moments milliseconds since 1970.
 */
export type FaultKind =
  // The browser's matter.
  | 'not_supported' | 'storage_unavailable' | 'storage_full' | 'other_tab' | 'damaged' | 'vault'
  // The network's and the server's.
  | 'offline' | 'busy' | 'server' | 'too_many_requests' | 'refused' | 'app_refused'
  // What the customer typed.
  | 'bad_activation_code' | 'activation_refused' | 'pin_digits' | 'pin_too_short' | 'pin_too_long' | 'pin_obvious'
  | 'pin_same' | 'wrong_pin' | 'no_method' | 'method_unknown' | 'method_unproved' | 'bad_cap' | 'bad_till' | 'proof_refused'
  // The wallet's.
  | 'keys_expired' | 'clock_wrong' | 'certificate_expired' | 'revoked' | 'unsynchronised' | 'counter_exhausted'
  | 'enter_pin_again' | 'pin_change_under_way' | 'unexpected';

export interface Method {
  slot: number; provider: string; state: 'unproved' | 'active'; label: string | null; currency: string | null;
  /** What a proof of it must name; while unproved. */
  link?: string | null;
}

export type ConfirmationKind = 'authorised' | 'captured' | 'declined' | 'voided' | 'expired' | 'refunded' | 'notice';

export interface Confirmation {
  sequence: number; kind: ConfirmationKind; payment: string | null;
  /** The payment code's number. */
  counter: number | null;
  atMs: number; amountMinor: number | null; currency: string | null;
  /** Why, in a refusal or a notice: a name of spec/confirmation.md. */
  cause: string | null;
  till: string | null; merchant: string;
}

export type Standing =
  | 'active' | 'unsynchronised' | 'locked_pin' | 'locked_clone' | 'locked_operator' | 'locked_customer' | 'revoked';

export type Hint =
  | 'locked' | 'offline_too_long' | 'keys_expire_soon' | 'clock_unsure' | 'clock_far_off' | 'cap_rounded' | 'sensors_not_run'
  | 'pin_change_under_way' | 'pin_changed_elsewhere' | 'app_blocked' | 'app_update_needed' | 'app_update_available'
  // Of this page alone: how a PIN change ended that nobody waited for, until the next code is made.
  | 'pin_changed' | 'pin_not_changed';

/** A text for customers, in each language. */
export interface AppMessage { en: string; de: string; fr: string; it: string; }

/** Everything that is shown of a wallet. */
export interface View {
  phase: 'new' | 'activating' | 'enrolled'; realm: string; name: string | null; standing: Standing | null;
  pinTriesLeft: number | null;
  /** Those that can pay, and those that are still to be proved. */
  methods: Method[];
  /** Newest first. */
  confirmations: Confirmation[];
  hints: Hint[]; lastOnlineAtMs: number | null;
  /** The operator's words on the app, in the customer's language; where something is to be done. */
  appMessage: AppMessage | null;
  /** Whether the last exchange with the server went well and the browser has a network. */
  isOnline: boolean;
  /** Whether the browser promised not to clear this page's storage by itself. */
  isPersisted: boolean;
  defaultCapMinor: number; appVersion: string;
}

/** A payment code to be shown. */
export interface ShownCode {
  counter: number;
  /** Modules along one side; `modules` has side * side bytes, row by row, 1 is dark. */
  side: number; modules: Uint8Array;
  method: Method; capMinor: number; currency: string; till: string | null;
  madeAtMs: number; expiresAtMs: number; renewalsLeft: number; hints: Hint[];
  /** From the call to here. */
  madeInMs: number;
}

export interface Engine {
  view(): View;
  subscribe(fn: (view: View) => void): () => void;
  activate(code: string, pin: string): Promise<void>;
  resumeActivation(): Promise<void>;
  abandonActivation(): Promise<void>;
  /** Why this cannot be a new PIN. */
  checkPin(pin: string): FaultKind | null;
  checkTill(text: string): boolean;
  /** Without an answer it stays under way, which a hint says, and is sent again with every refresh. */
  changePin(present: string, chosen: string): Promise<void>;
  /** Where the bank proves an account: navigate there. */
  beginMethod(): Promise<{ slot: number; url: string }>;
  finishMethod(slot: number, proof: string): Promise<Method>;
  removeMethod(slot: number): Promise<void>;
  makeCode(wish: { pin: string; slot: number | null; capMinor: number | null; till: string | null }): Promise<ShownCode>;
  renewCode(): Promise<ShownCode>;
  /** Forgets the derived PIN key. */
  wipe(): void;
  /** Asks the server for standing, methods and confirmations. */
  refresh(): Promise<void>;
  /** Takes confirmations as they come, through lost connections; returns what ends it. */
  follow(): () => void;
  lock(): Promise<void>;
  resync(): Promise<void>;
  /** Forgets keys and state on this device. */
  erase(): Promise<void>;
  close(): void;
}

/** What a method looks like in the server's API. */
export interface MethodText {
  slot: number; provider: string; state: string; label: string | null; currency: string | null;
  link?: string | null; partner?: string | null; proof_page_url?: string | null; prove_by_ms?: number | null;
}

export interface Keys { device: CryptoKeyPair; online: CryptoKeyPair; confirmation: CryptoKeyPair; state: CryptoKey }
/** A pair whose private key is bytes that only `wrapping` opens. */
export interface WrappedPair { wrapping: CryptoKey; wrapped: ArrayBuffer; publicKey: ArrayBuffer }
/** The keys as they are stored: not every browser can store every key. */
export interface KeptKeys extends Omit<Keys, 'confirmation'> { confirmation: CryptoKeyPair | WrappedPair }
export interface Kept { keys: KeptKeys; state: Uint8Array<ArrayBuffer> }
