/**
 * The types of the wallet page: what the flows hand to the screens. The engine's own types are in
 * `engine/types.d.ts`; nothing here knows how a screen looks or how the engine works.
 */
import type {
  AppMessage, Confirmation, Device, DeviceList, Ending, Engine, FaultKind, Hint, Method, MoveCode, Notice, NoticeKind, Question, ShownCode, Standing, View,
} from './engine/types.js';

export type {
  AppMessage, Confirmation, Device, DeviceList, Ending, Engine, FaultKind, Hint, Method, MoveCode, Notice, NoticeKind, Question, ShownCode, Standing, View,
};

/** What a payment has come to, as far as this phone was told. */
export type PaymentState =
  | 'reserved' | 'paid' | 'declined' | 'voided' | 'ended' | 'refunded' | 'partlyRefunded' | 'notice';

/** All confirmations of one payment, folded together; a notice stands alone. */
export interface PaymentSummary {
  key: string; state: PaymentState; payment: string | null; counter: number | null;
  atMs: number; amountMinor: number | null; currency: string | null; merchant: string; till: string | null;
  cause: string | null; reservedMinor: number; capturedMinor: number; refundedMinor: number;
  /** Oldest first. */
  steps: Confirmation[];
}

/** What the customer chose for the next code. `null` is what the wallet would take by itself. */
export interface Wish { slot: number | null; capMinor: number | null; till: string | null }

/** When PIN keys were pressed, by `performance.now()`. */
export interface PinTiming { firstMs: number; lastMs: number; okMs: number }

/** How the person came to this page: what its address carried, which is removed at once. */
export interface Arrival { code: string | null; proof: { link: string; proof: string | null } | null }

/** Chromium's offer to install the page. */
export interface InstallOffer extends Event { prompt(): Promise<unknown> }

/** One screen on the stage. */
export interface Scene {
  draw: () => HTMLElement;
  /** Called when the engine's view has changed while the screen stands. */
  onView?: (view: View) => void;
  /** Called when others could look at the page: it lost focus or was hidden. */
  onAway?: () => void;
  /** The way back by the device's own back button; none on the screens that others begin from. */
  onBack?: () => void;
}

export interface Stage {
  /** Shows a screen. With `isUpdate` the focus stays where it is. */
  show(scene: Scene, options?: { isUpdate?: boolean }): void;
  /** Draws the screen anew, if nothing covers it. */
  redraw(): void;
  /** The same with what covers it. */
  redrawTop(): void;
  /** Shows a screen that cannot wait, above whatever else is shown until `uncover`. */
  cover(scene: Scene, options?: { isUpdate?: boolean }): void;
  uncover(): void;
  /** The screen that stands, or will once nothing covers it. */
  scene(): Scene | null;
  /** What is seen. */
  top(): Scene | null;
  /** Says something to a screen reader without showing it. */
  announce(text: string): void;
}

export type RouteName =
  | 'activate' | 'install' | 'resume' | 'home' | 'addBank' | 'bankReturn' | 'pay' | 'payOptions' | 'result' | 'history'
  | 'payment' | 'settings' | 'changePin' | 'resetPin' | 'devices' | 'move' | 'notices' | 'approvals' | 'locked' | 'fault';

export type Route = (app: App, with_?: any) => void;

/** What the flows share. */
export interface App {
  stage: Stage;
  engine: Engine;
  arrival: Arrival;
  wish: Wish;
  /** Counters of codes shown in this session, with when; and up to where confirmations were seen. */
  shown: { counters: Map<number, ShownCode>; seenThrough: number };
  /** Ids of questions that the customer put aside; and the payment that was refused last, with when. */
  asked: { aside: Set<string>; refused: { question: Question; atMs: number } | null };
  installOffer: InstallOffer | null;
  /** Whether the server was asked since the start, with or without an answer: before that nobody knows if there is a network. */
  hasAsked: boolean;
  go(route: RouteName, with_?: any): void;
  /** Opens the engine anew and begins from the start. */
  restart(): Promise<void>;
}
