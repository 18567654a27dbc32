/** What the front page knows and is told. Times are in milliseconds unless the name says otherwise. */

/** A step of one payment, in the order in which they happen. */
export type Step =
  | 'code' | 'scan' | 'open' | 'signature' | 'pin' | 'policy' | 'store' | 'bank' | 'answer' | 'capture' | 'confirmation';

/** `GET /demo/setup`: what one needs to pay. */
export interface Setup {
  activation_code: string;
  customer_number: string;
  bank_password: string;
  customer_name: string;
  merchant_name: string;
  till: string;
  currency: string;
  api_key: string;
  lan: null | Lan;
}

export interface Lan {
  url: string;
  root_url: string;
  /** SHA-256 of the root certificate. */
  fingerprint: string;
}

/** One payment as the server measured it, from `GET /demo/steps`. */
export interface Measured {
  payment: string | null;
  at_ms: number;
  verdict: string;
  steps: { step: string; us: number; ok: boolean }[];
  total_us: number;
}

/** What one round, from the PIN to the confirmation, has shown so far; `null`: not yet, or never told. */
export interface Round {
  typedMs: number | null;
  codeMs: number | null;
  codeAtMs: number | null;
  heldAtMs: number | null;
  scanMs: number | null;
  answerMs: number | null;
  answerAtMs: number | null;
  outcome: string | null;
  payment: string | null;
  captureMs: number | null;
  captureAtMs: number | null;
  /** From the capture to the confirmation, as the wallet put it. */
  confirmationMs: number | null;
  confirmationAtMs: number | null;
  confirmation: string | null;
  cause: string | null;
  measured: Measured | null;
  /** The picture was taken and the till found no code in it. */
  isUnread: boolean;
}

export interface Story {
  isWalletReady: boolean;
  phase: 'new' | 'activating' | 'enrolled' | null;
  /** Payment methods that may pay; `null` while the wallet has not said. */
  methods: number | null;
  isAtBank: boolean;
  /** The screen that stands on the phone, by its name; `null` while it cannot be told. */
  screen: string | null;
  amountMinor: number;
  currency: string;
  round: Round;
}

/** What happened, in the order in which the front page heard of it. */
export type Event =
  | { kind: 'walletReady'; phase: Story['phase']; methods: number | null }
  | { kind: 'looked'; sight: Sight }
  | { kind: 'code'; atMs: number; ms: number | null; typedMs: number | null }
  | { kind: 'held'; atMs: number }
  | { kind: 'unread' }
  | { kind: 'scan'; atMs: number; ms: number | null }
  | { kind: 'answer'; atMs: number; ms: number | null; outcome: string; payment: string | null }
  | { kind: 'measured'; measured: Measured }
  | { kind: 'capture'; atMs: number; ms: number | null }
  | { kind: 'confirmation'; atMs: number; ms: number | null; what: string; cause: string | null; payment: string | null }
  | { kind: 'again' };

/** What one sees when one looks at the two screens. */
export interface Sight {
  isAtBank: boolean;
  screen: string | null;
  /** Whether the phone's screen offers to pay. */
  canPay: boolean;
  tillScreen: string | null;
}

/** The one thing to do next. */
export type Moment =
  | 'starting' | 'stuck' | 'activate' | 'pin' | 'account' | 'bank' | 'code' | 'typing' | 'hold' | 'reading' | 'unread' | 'paid'
  | 'declined' | 'unclear';

export interface Row {
  step: Step;
  state: 'idle' | 'busy' | 'good' | 'bad' | 'skipped';
  ms: number | null;
  /** Key of the words that say what happened. */
  words: string;
}

/** What the plot shows of this payment. */
export interface Span {
  typedMs: number | null;
  /** From the code drawn to the picture taken: the hand's part. */
  handMs: number | null;
  machineMs: number | null;
}
