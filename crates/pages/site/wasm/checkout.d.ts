/* tslint:disable */
/* eslint-disable */

/**
 * All sales that the journal tells of.
 */
export class Book {
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Captures, voids or refunds; `action` is JSON.
     *
     * # Errors
     * A fault: `nothing_to`, `unfinished`.
     */
    act(sale: string, action: string): Run;
    /**
     * Takes one more entry of the journal, oldest first.
     *
     * # Errors
     * A fault of kind `unexpected` if it cannot follow what went before; the book is unchanged then.
     */
    apply(entry: string): void;
    /**
     * An empty book whose first sale has this number, from 1.
     *
     * # Errors
     * A fault of kind `unexpected` if it is no sale's number.
     */
    constructor(first_sale: number);
    /**
     * Begins a payment with a scanned code. `order` is JSON with `amount_minor`, `currency`, `terminal`, `plan`
     * (`capture` or `hold`) and `reference`.
     *
     * # Errors
     * A fault: `misread`, `already` if the sale of this reference is paid, or what the core refuses.
     */
    pay(order: string, code: string, now_ms: number): Run;
    /**
     * Ends what is unfinished in a sale.
     *
     * # Errors
     * A fault of kind `finished`.
     */
    resume(sale: string): Run;
    /**
     * All sales, oldest first, as JSON.
     */
    sales(): string;
}

/**
 * The course of one sale in this page.
 */
export class Run {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The answer to the request last given out.
     */
    heard(status: number, body: string, now_ms: number): void;
    /**
     * The request last given out has no answer: it may have arrived.
     */
    lost(cause: string, now_ms: number): void;
    /**
     * What to do next: `store` an entry, `send` a request, `wait`, or `end`.
     */
    next(now_ms: number): string;
    /**
     * The request last given out surely did not leave.
     */
    not_sent(cause: string, now_ms: number): void;
    /**
     * What the cashier is to be told, as JSON.
     */
    outcome(): string;
    /**
     * The sale as the journal has it, as JSON.
     */
    sale(): string;
    /**
     * The entry last given out is in the journal.
     */
    stored(): void;
}

/**
 * Why this has not the form of a payment code; an empty text if it has.
 */
export function check_code(text: string): string;

/**
 * Whether this is a till's number with its check digit.
 */
export function till_number(text: string): boolean;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_book_free: (a: number, b: number) => void;
    readonly __wbg_run_free: (a: number, b: number) => void;
    readonly book_act: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly book_apply: (a: number, b: number, c: number) => [number, number];
    readonly book_new: (a: number) => [number, number, number];
    readonly book_pay: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly book_resume: (a: number, b: number, c: number) => [number, number, number];
    readonly book_sales: (a: number) => [number, number];
    readonly check_code: (a: number, b: number) => [number, number];
    readonly run_heard: (a: number, b: number, c: number, d: number, e: number) => void;
    readonly run_lost: (a: number, b: number, c: number, d: number) => void;
    readonly run_next: (a: number, b: number) => [number, number];
    readonly run_not_sent: (a: number, b: number, c: number, d: number) => void;
    readonly run_outcome: (a: number) => [number, number];
    readonly run_sale: (a: number) => [number, number];
    readonly run_stored: (a: number) => void;
    readonly till_number: (a: number, b: number) => number;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_start: () => void;
}

export type SyncInitInput = BufferSource | WebAssembly.Module;

/**
 * Instantiates the given `module`, which can either be bytes or
 * a precompiled `WebAssembly.Module`.
 *
 * @param {{ module: SyncInitInput }} module - Passing `SyncInitInput` directly is deprecated.
 *
 * @returns {InitOutput}
 */
export function initSync(module: { module: SyncInitInput } | SyncInitInput): InitOutput;

/**
 * If `module_or_path` is {RequestInfo} or {URL}, makes a request and
 * for everything else, calls `WebAssembly.instantiate` directly.
 *
 * @param {{ module_or_path: InitInput | Promise<InitInput> }} module_or_path - Passing `InitInput` directly is deprecated.
 *
 * @returns {Promise<InitOutput>}
 */
export default function __wbg_init (module_or_path?: { module_or_path: InitInput | Promise<InitInput> } | InitInput | Promise<InitInput>): Promise<InitOutput>;
