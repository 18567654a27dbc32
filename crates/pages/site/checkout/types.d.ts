/**
 * The types of the checkout page: what the core tells (snake case, as in its JSON) and what the screens draw
 * (camel case). Knows nothing of how either is made.
 */

export type Plan = 'capture' | 'hold';
export type OutcomeKind =
  | 'paid' | 'held' | 'captured' | 'voided' | 'refunded' | 'declined' | 'scan_again' | 'not_paid' | 'not_done'
  | 'unreachable' | 'unknown';
export type CustomerAction = 'enter_again' | 'open_app_online' | 'other_method';

/** How a sale stands for the cashier, as the core says it. */
export interface Outcome { kind: OutcomeKind; customer_action: CustomerAction | null; detail: string | null }

/** One sale, as the core says it. */
export interface SaleView {
  sale: string; opened_at_ms: number; stage: 'asking' | 'cancelling' | 'known' | 'closed';
  amount_minor: number; currency: string; terminal: string; reference: string | null;
  payment: string | null; payment_state: string | null;
  captured_minor: number; refunded_minor: number; held_minor: number; refundable_minor: number;
  /** What the last capture or refund came to. */
  last_done_minor?: number | null;
  is_open: boolean; is_paid: boolean; is_held: boolean; outcome: Outcome;
}

/** A capture, void or refund, as the core takes it. */
export type Action =
  | { action: 'capture'; amount_minor: number | null; is_final: boolean }
  | { action: 'void' }
  | { action: 'refund'; amount_minor: number | null };

/** What the cashier asks for, as the core takes it. */
export interface Order { amount_minor: number; currency: string; terminal: string; plan: Plan; reference: string | null }

/** One journal entry. The page reads of it only what the journal's screens need; the core reads all of it. */
export interface Entry {
  sale: number; at: number;
  event: { what: string; action?: Action | { action: string }; amount_minor?: number; [more: string]: unknown };
}

/** What the core wants done next. */
export type Next =
  | { do: 'store'; entry: Entry }
  | { do: 'send'; method: 'GET' | 'POST'; path: string; body: string | null; key: string | null; deadline_ms: number }
  | { do: 'wait'; ms: number }
  | { do: 'end'; is_open: boolean; cause: string | null; is_unreachable: boolean };

export interface Run {
  next(nowMs: number): string; stored(): void; heard(status: number, body: string, nowMs: number): void;
  not_sent(cause: string, nowMs: number): void; lost(cause: string, nowMs: number): void;
  sale(): string; outcome(): string; free?(): void;
}

export interface Book {
  apply(entry: string): void; sales(): string;
  pay(order: string, code: string, nowMs: number): Run;
  act(sale: string, action: string): Run;
  resume(sale: string): Run;
}

/** The core's module, `/wasm/checkout.js`. */
export interface Core {
  Book: new (firstSale: number) => Book;
  check_code(text: string): string;
  till_number(text: string): boolean;
}

export type FaultKind =
  | 'not_supported' | 'storage_unavailable' | 'storage_full' | 'other_tab' | 'damaged' | 'offline' | 'server'
  | 'key_refused' | 'till_unknown' | 'bad_till' | 'bad_key' | 'already' | 'code_used' | 'code_in_use'
  | 'reference_in_use' | 'reference_reused' | 'amount_not_positive' | 'bad_reference' | 'unfinished'
  | 'nothing_to' | 'finished' | 'misread' | 'unsupported' | 'busy_sale' | 'unexpected';

/** What the till was set up with, without its key. */
export interface Setup {
  checkout: string; name: string; merchant: string; till: string; tills: string[]; currency: string;
}

export interface Settings { plan: Plan; isMuted: boolean }

/** What an API key stands for, before it is kept. */
export interface Candidate extends Setup { apiKey: string }

/** What is happening to the sale that is being worked on. */
export type Step = 'sending' | 'asking' | 'approving' | 'waiting' | 'capturing' | 'voiding' | 'refunding' | 'cancelling' | 'ending';

/** What moved money at this till: what was captured or given back, and when. */
export interface Movement { sale: string; atMs: number; kind: 'capture' | 'refund' | 'void'; amountMinor: number }

export interface DaySum { currency: string; capturedMinor: number; refundedMinor: number; netMinor: number; count: number }
export interface DayRow { sale: SaleView; atMs: number }
export interface Day { dayMs: number; rows: DayRow[]; sums: DaySum[] }

/* What the screens draw. */

type Paths<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Paths<T[K]>}` }[keyof T & string];
type WithoutCount<K extends string> = K extends `${infer Base}_one` | `${infer Base}_other` ? Base : K;
type Own = typeof import('./messages/en.js').default;
type Shared = (typeof import('/shared/messages.js').default)['en'];
/** Keys of words; those that come in a singular and a plural are asked for without the ending. */
export type WordKey = WithoutCount<Paths<Own>> | Paths<Shared>;

export interface Chrome { setup: Setup | null; isOnline: boolean; isMuted: boolean; openCount: number }

export interface AmountModel extends Chrome {
  amountMinor: number; currency: string; reference: string; plan: Plan; last: SaleView | null;
  note: 'amount.enter' | 'amount.enter_scan' | 'amount.bad' | null;
}
/** Faults of a scan: they are told where it is scanned. */
export type ScanNote = Exclude<FaultKind, 'not_supported' | 'storage_unavailable' | 'storage_full' | 'other_tab' | 'damaged' | 'key_refused'>;
export interface ScanModel extends Chrome {
  amountMinor: number; currency: string; reference: string; plan: Plan;
  camera: 'starting' | 'running' | 'denied' | 'none' | 'busy' | 'stopped'; isReading: boolean;
  note: { kind: ScanNote; sale: string | null } | null;
}
export interface AskingModel extends Chrome {
  amountMinor: number; currency: string; step: Step; elapsedS: number; canCancel: boolean;
}
export interface ResultModel extends Chrome {
  sale: SaleView; outcome: Outcome; amountMinor: number; isKeyRefused: boolean; isEarlier: boolean;
}
export interface SaleModel extends Chrome { sale: SaleView; movements: Movement[]; isBusy: boolean }
export interface ConfirmModel extends Chrome {
  sale: SaleView; action: 'capture' | 'void' | 'refund'; limitMinor: number; part: 'all' | 'part'; partText: string;
  isBadPart: boolean;
}
export interface JournalModel extends Chrome { day: Day; isToday: boolean; dayText: string; todayText: string }
export interface UnfinishedModel extends Chrome {
  rows: { sale: SaleView; state: 'waiting' | 'running' | 'ended'; step: Step | null }[]; isRunning: boolean;
}
export interface SettingsModel extends Chrome { plan: Plan }
export interface SetupModel {
  apiKey: string; till: string; currency: string; fault: FaultKind | null; isChecking: boolean; isAgain: boolean;
}
export interface SetupConfirmModel { candidate: Candidate; till: string; openCount: number; isBusy: boolean }
export interface FaultModel {
  kind: 'not_supported' | 'storage_unavailable' | 'storage_full' | 'other_tab' | 'damaged' | 'key_refused' | 'unexpected';
  detail: string;
}

/** What a person can do; the screens call these and nothing else. */
export interface Actions {
  go(to: 'amount' | 'journal' | 'settings' | 'unfinished'): void;
  mute(): void; back(): void; newSale(): void; reload(): void;
  key(key: string): void; reference(text: string): void; scan(): void;
  typed(text: string): void; camera(): void; cancel(): void;
  again(): void; resume(sale: string): void; openSale(sale: string): void; endAll(): void;
  dayStep(days: number): void; dayText(text: string): void;
  ask(action: 'capture' | 'void' | 'refund'): void; part(part: 'all' | 'part'): void; partText(text: string): void; confirm(): void;
  plan(plan: Plan): void; setUpAgain(): void;
  look(wish: { apiKey: string; till: string; currency: string }): void; chooseTill(till: string): void; adopt(): void;
}
