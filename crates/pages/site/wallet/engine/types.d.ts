/**
 * The wallet engine's types: what the page's flows ask of it, and what they get. Amounts are minor units of their
 * currency, moments milliseconds since 1970.
 */
export type FaultKind =
  // The browser's matter.
  | 'not_supported' | 'storage_unavailable' | 'storage_full' | 'other_tab' | 'damaged' | 'vault'
  // The network's and the server's.
  | 'offline' | 'busy' | 'server' | 'too_many_requests' | 'refused' | 'app_refused'
  | 'too_many_devices' | 'last_device' | 'device_gone' | 'not_now' | 'question_over'
  // What the customer typed.
  | 'bad_activation_code' | 'activation_refused' | 'pin_digits' | 'pin_too_short' | 'pin_too_long' | 'pin_obvious'
  | 'pin_same' | 'wrong_pin' | 'no_method' | 'method_unknown' | 'method_unproved' | 'bad_cap' | 'bad_till' | 'proof_refused'
  | 'pin_code_refused'
  // The wallet's.
  | 'keys_expired' | 'clock_wrong' | 'certificate_expired' | 'certificate_ended' | 'revoked' | 'unsynchronised' | 'counter_exhausted'
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
  | 'pin_blocked' | 'certificate_ends_soon'
  // Of this page alone: how a PIN change ended that nobody waited for, until the next code is made.
  | 'pin_changed' | 'pin_not_changed' | 'pin_not_reset';

export type NoticeKind =
  | 'activated' | 'locked' | 'unlocked' | 'revoked' | 'renamed' | 'pin_changed' | 'pin_reset' | 'certificate_renewed' | 'move_begun';

/** What this device was told of one of the customer's. */
export interface Notice {
  sequence: number; kind: NoticeKind;
  /** The device that it became of; and what that was called then, empty if nothing. */
  about: string; deviceName: string;
  /** Who did it: the server by its rules, an operator, or a device by its id. */
  by: 'server' | 'operator' | string;
  atMs: number; isUnread: boolean;
  /** Somebody else may have done it to get at the customer's money. */
  isAlarming: boolean;
}

/** One of the customer's devices that are not revoked. */
export interface Device {
  id: string;
  /** What the customer calls it; empty if nothing. */
  name: string;
  model: string; status: Standing; isThis: boolean; activatedAtMs: number;
  /** To the hour. */
  lastOnlineAtMs: number;
}

export interface DeviceList { devices: Device[]; devicesMax: number }

/** What a new phone is activated with in this one's place, by this device's clock; the symbol says the same as a link. */
export interface MoveCode { code: string; expiresAtMs: number; symbol: { side: number; modules: Uint8Array } }

/** What this device is asked to approve (spec/approval.md), by this device's clock. */
export interface Question {
  id: string; kind: 'payment' | 'transfer' | 'login' | 'other';
  amountMinor: number | null; currency: string | null;
  /** To whom, or where. */
  payee: string | null;
  /** The bank's words. */
  text: string | null;
  till: string | null; askedAtMs: number; expiresAtMs: number;
}

/** How a question ended; `over`: it was taken back, or answered otherwise. */
export type Ending = 'approved' | 'refused' | 'expired' | 'over';

/** A text for customers, in each language. */
export interface AppMessage { en: string; de: string; fr: string; it: string; }

/** Everything that is shown of a wallet. */
export interface View {
  phase: 'new' | 'activating' | 'enrolled'; realm: string; name: string | null;
  /** `revoked` also while the server says that it knows this wallet no longer. */
  standing: Standing | null;
  /** This device among the customer's. */
  device: string | null;
  pinTriesLeft: number | null;
  /** Where a hint tells of it: until when no PIN is looked at, when the certificate ends. */
  pinBlockedUntilMs: number | null; certificateEndsAtMs: number | null;
  /** Whether the PIN change that is under way is a reset by a code. */
  isPinReset: boolean;
  /** Those that can pay, and those that are still to be proved. */
  methods: Method[];
  /** Newest first. */
  confirmations: Confirmation[];
  /** Newest first. */
  notices: Notice[];
  /** What waits for an answer, in the order in which it is to be asked. */
  questions: Question[];
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

/** What a device asks about the customer's devices. It must be active, but to hear notices. */
export interface DevicesPort {
  list(): Promise<DeviceList>;
  /** Whether a device may be called this; empty is no name. */
  checkName(name: string): boolean;
  rename(id: string, name: string): Promise<DeviceList>;
  lock(id: string): Promise<DeviceList>;
  /** `isLast`: also if no device is left then. */
  revoke(wish: { id: string; isLost: boolean; isLast: boolean; pin: string }): Promise<DeviceList>;
  beginMove(pin: string): Promise<MoveCode>;
  /** Asks the server what became of the devices; also done by itself now and then. */
  hearNotices(): Promise<void>;
  /** The customer has looked at the notices up to this one. */
  seeNotices(through: number): Promise<void>;
}

/** What this device is asked to approve. */
export interface ApprovalsPort {
  /** How a question ended, if it did. */
  endingOf(id: string): Ending | null;
  /** By this wallet's PIN. Without an answer nobody knows whether it arrived; it may be sent again. */
  approve(id: string, pin: string): Promise<void>;
  refuse(id: string): Promise<void>;
  /** Asks the server what is still open; what is new also comes by itself. */
  hear(): Promise<void>;
}

export interface Engine {
  devices: DevicesPort;
  approvals: ApprovalsPort;
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
  /** Sets the PIN anew with a code of the operator's; else as `changePin`. */
  resetPin(code: string, chosen: string): Promise<void>;
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

/** What an engine's steps ask of it that stand in files of their own. */
export interface Host {
  wallet(): import('/wasm/wallet.js').Wallet;
  vault(): import('./vault.js').Vault;
  view(): View;
  askSigned(method: string, path: string, body?: string | Uint8Array): Promise<string>;
  save(): Promise<void>;
  learnStanding(): Promise<void>;
  /** Runs a step after those before it. */
  alone<T>(step: () => Promise<T>): Promise<T>;
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
