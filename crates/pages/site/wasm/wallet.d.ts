/* tslint:disable */
/* eslint-disable */

/**
 * An activation request that waits for three signatures.
 */
export class ActivationDraft {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * What the device key signs first: the certificate request.
     */
    certificate_request(): Uint8Array;
    /**
     * What the device key signs second.
     */
    device_proof(): Uint8Array;
    /**
     * What the online key signs.
     */
    online_proof(): Uint8Array;
}

/**
 * An answer that waits for the device key's signature.
 */
export class AnswerDraft {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Takes the signature; gives the body to send.
     *
     * # Errors
     * A fault of kind `vault`.
     */
    finish(signature: Uint8Array | number[]): Uint8Array;
    /**
     * What the device key signs.
     */
    to_sign(): Uint8Array;
}

/**
 * A question that was opened: what is shown of it is what is answered.
 */
export class OpenedQuestion {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * What is asked, as JSON with the names of `spec/approval.md`, chapter 1.
     */
    to_json(): string;
}

/**
 * A code whose counter is used up: store the state, then go on.
 */
export class PendingCode {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The page's word that the state, with the counter in it, is durable.
     */
    stored(): SignableCode;
}

/**
 * A request that waits for its signature.
 */
export class PreparedRequest {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The fields to add to the request: JSON, a list of pairs.
     *
     * # Errors
     * A fault of kind `vault`.
     */
    finish(signature: Uint8Array | number[]): string;
    /**
     * What the online key signs.
     */
    to_sign(): Uint8Array;
}

/**
 * A renewal of the certificate that waits for the device key's signature.
 */
export class RenewalDraft {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Takes the signature; gives the body to send.
     *
     * # Errors
     * A fault of kind `vault`.
     */
    finish(signature: Uint8Array | number[]): string;
    /**
     * What the device key signs.
     */
    to_sign(): Uint8Array;
}

/**
 * A code to be shown.
 */
export class ShownCode {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * One byte a module, row by row; 1 is dark.
     */
    modules(): Uint8Array;
    /**
     * Modules along one side of the symbol.
     */
    side(): number;
    /**
     * All but the symbol, as JSON.
     */
    to_json(): string;
}

/**
 * A code that waits for the device key's signature.
 */
export class SignableCode {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Takes the signature.
     *
     * # Errors
     * A fault of kind `vault`. The counter stays used up.
     */
    finish(signature: Uint8Array | number[]): ShownCode;
    /**
     * What the device key signs.
     */
    to_sign(): Uint8Array;
}

/**
 * A request that is in the state now: store the state, then take the bytes to send.
 */
export class UnsentRequest {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * The page's word that the state is durable; gives the bytes to send.
     */
    stored(): Uint8Array;
}

/**
 * The wallet, as long as the page is open.
 */
export class Wallet {
    private constructor();
    free(): void;
    [Symbol.dispose](): void;
    /**
     * Gives an activation up that the server refused for good. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `no_activation`.
     */
    abandon_activation(): void;
    /**
     * Takes the server's word on the enrolment, and says how many confirmations wait there. Store the state
     * afterwards.
     *
     * # Errors
     * A fault of kind `refused` for keys that are not the realm's.
     */
    apply_enrolment(view: string, sent_at_ms: number, now_ms: number): number;
    /**
     * Takes the server's word on one method. Store the state afterwards.
     *
     * # Errors
     * As [`Wallet::apply_methods`].
     */
    apply_method(method: string): void;
    /**
     * Takes the server's list of methods. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `refused` for a list that cannot be.
     */
    apply_methods(page: string): void;
    /**
     * Takes the answer, and says whether the certificate is a new one. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `refused` for a certificate that is not for this device's key, or as [`Wallet::apply_enrolment`].
     */
    apply_renewal(view: string, sent_at_ms: number, now_ms: number): boolean;
    /**
     * Takes the draft with its signatures into the state: store it, then send.
     *
     * # Errors
     * A fault of kind `vault` if a signature does not fit.
     */
    begin_activation(draft: ActivationDraft, certificate_request: Uint8Array | number[], device_proof: Uint8Array | number[], online_proof: Uint8Array | number[]): UnsentRequest;
    /**
     * Begins a PIN change: store the state, then send what [`Wallet::pin_change_under_way`] gives.
     *
     * # Errors
     * Faults of kind `pin_…`, `pin_same`, `pin_change_under_way`, `not_activated`.
     */
    begin_pin_change(present: Uint8Array | number[], _new: Uint8Array | number[]): void;
    /**
     * Begins to set the PIN anew by a code: as [`Wallet::begin_pin_change`].
     *
     * # Errors
     * As [`Wallet::begin_pin_change`]; a fault of kind `bad_activation_code`.
     */
    begin_pin_reset(code: string, _new: Uint8Array | number[]): void;
    /**
     * Takes the reply to a request that was sent at `sent_at_ms`. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `refused` for a reply that is not the server's or not for this device key.
     */
    complete_activation(reply: Uint8Array | number[], device_key: Uint8Array | number[], sent_at_ms: number, now_ms: number): void;
    /**
     * The place up to which all confirmations have come: what to ask the server after.
     */
    confirmed_through(): number;
    /**
     * Drafts an activation request for keys whose public halves these are. `browser` is JSON with `os`,
     * `os_version` and `model`.
     *
     * # Errors
     * Faults of kind `bad_activation_code`, `pin_…`, `vault`, `already_activated`, `activation_under_way`.
     */
    draft_activation(activation_code: string, challenge: string, pin: Uint8Array | number[], browser: string, device_key: Uint8Array | number[], online_key: Uint8Array | number[], confirmation_key: Uint8Array | number[], now_ms: number): ActivationDraft;
    /**
     * Drafts a yes, whatever the PIN: only the server can tell a right one.
     *
     * # Errors
     * Faults of kind `pin_…`, `pin_change_under_way`, `not_activated`.
     */
    draft_approval(opened: OpenedQuestion, pin: Uint8Array | number[]): AnswerDraft;
    /**
     * Drafts a no. It takes no PIN.
     *
     * # Errors
     * A fault of kind `not_activated`.
     */
    draft_refusal(opened: OpenedQuestion): AnswerDraft;
    /**
     * Drafts a request to renew the certificate.
     *
     * # Errors
     * A fault of kind `not_activated`.
     */
    draft_renewal(): RenewalDraft;
    /**
     * Forgets a method that the server removed. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `not_activated`.
     */
    forget_method(slot: number): void;
    /**
     * A wallet that is not activated, of the realm in this file.
     *
     * # Errors
     * A fault of kind `refused` if the file is not one.
     */
    static fresh(realm_file: string): Wallet;
    /**
     * Whether what is under way is a reset by a code: it goes to `/v1/enrolment/pin-reset`, a change to
     * `/v1/enrolment/pin`.
     */
    is_pin_reset_under_way(): boolean;
    /**
     * Whether the certificate is to be renewed now.
     */
    is_renewal_due(now_ms: number): boolean;
    /**
     * Makes the next code, whatever the PIN: only the server can tell a right one. `wish` is JSON with `slot`,
     * `cap_minor` and `till`, each of which may be null. Store the state before [`PendingCode::stored`].
     *
     * # Errors
     * A fault: not activated, no usable method, cap, till, key or clock. No counter is used up then.
     */
    make_code(pin: Uint8Array | number[], wish: string, now_ms: number): PendingCode;
    /**
     * What to ask a code with for the phone that takes this one's place, as JSON.
     *
     * # Errors
     * As [`Wallet::revoke_request`].
     */
    move_request(pin: Uint8Array | number[]): string;
    /**
     * The last notice that came: what to ask the server after.
     */
    noticed_through(): number;
    /**
     * Opens a stored state.
     *
     * # Errors
     * A fault of kind `damaged`.
     */
    static open(state_key: Uint8Array | number[], sealed: Uint8Array | number[]): Wallet;
    /**
     * Opens a question, as the server gives it. `agreed` has 32 bytes: what the confirmation key and the key of
     * [`question_enc`] agree on.
     *
     * # Errors
     * A fault of kind `key_unknown` where the server's present keys must be fetched first; `refused` for one that is
     * forged, for another wallet, or not the one that it is said to be; `not_activated`.
     */
    open_question(view: string, confirmation_key: Uint8Array | number[], agreed: Uint8Array | number[]): OpenedQuestion;
    /**
     * The request to send again, if one waits for its reply.
     */
    pending_activation(): Uint8Array | undefined;
    /**
     * The body to send to end a PIN change or reset, the same until it is answered; nothing if none is under way. The
     * answer goes to [`Wallet::apply_enrolment`].
     */
    pin_change_under_way(): Uint8Array | undefined;
    /**
     * Prepares a request to `path`, from the server's root and with its query; `server_time_ms` is
     * [`Wallet::server_time_ms`], or what the server's last answer said.
     *
     * # Errors
     * A fault of kind `not_activated`, or `refused` if no server would take it.
     */
    prepare_request(method: string, path: string, body: Uint8Array | number[], server_time_ms: number): PreparedRequest;
    /**
     * The server's list of devices, if it is one that can be: the same again.
     *
     * # Errors
     * A fault of kind `refused` for a list that cannot be, `not_activated`.
     */
    read_devices(page: string): string;
    /**
     * Takes a page of notices, and says whether there are more. `agreed` is as for [`Wallet::receive_page`], with the keys
     * of [`notice_encs`]. Store the state afterwards.
     *
     * # Errors
     * As [`Wallet::receive_page`].
     */
    receive_notices(page: string, confirmation_key: Uint8Array | number[], agreed: Uint8Array | number[]): boolean;
    /**
     * Takes a page of confirmations. `agreed` has 32 bytes for each, in their order: what the confirmation key and
     * the key of [`confirmation_encs`] agree on. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `key_unknown` where the server's present keys must be fetched first, `refused` for a page out
     * of order; what came before is kept.
     */
    receive_page(page: string, confirmation_key: Uint8Array | number[], agreed: Uint8Array | number[], now_ms: number): string;
    /**
     * Makes another code on the PIN that was entered. Store the state before [`PendingCode::stored`].
     *
     * # Errors
     * A fault of kind `enter_pin_again` when renewals or time are used up; else as [`Wallet::make_code`].
     */
    renew_code(now_ms: number): PendingCode;
    /**
     * How many more codes can be made without entering the PIN.
     */
    renewals_left(now_ms: number): number;
    /**
     * The body of a resynchronisation.
     *
     * # Errors
     * A fault of kind `not_activated`.
     */
    resync_request(): string;
    /**
     * What to revoke a device with, as JSON.
     *
     * # Errors
     * Faults of kind `pin_…`, `pin_change_under_way`, `not_activated`; `refused` for an id that is none.
     */
    revoke_request(device: string, lost: boolean, last: boolean, pin: Uint8Array | number[]): string;
    /**
     * Ends a PIN change that the server refused: the PIN so far stays. Store the state afterwards.
     */
    roll_back_pin_change(): void;
    /**
     * The state as it is to be stored.
     *
     * # Errors
     * A fault of kind `vault` if the key is none.
     */
    seal(state_key: Uint8Array | number[]): Uint8Array;
    /**
     * The customer has looked at the notices up to this one. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `not_activated`.
     */
    see_notices(through: number): void;
    /**
     * The server's time at the phone's time `now_ms`, as well as the phone can know it.
     */
    server_time_ms(now_ms: number): number;
    /**
     * Takes the file that an updated app ships with. Ask how the wallet stands afterwards, and store the state.
     *
     * # Errors
     * A fault of kind `refused` if it is not one, or of another installation.
     */
    update_app(realm_file: string): void;
    /**
     * How the wallet stands at the phone's time `now_ms`, with all that it keeps to be shown.
     */
    view(now_ms: number): string;
    /**
     * Forgets the derived PIN key: nothing can be renewed afterwards.
     */
    wipe(): void;
}

/**
 * Whether this has the form of an activation code.
 */
export function check_activation_code(text: string): boolean;

/**
 * Whether a device may be called this: nothing, or 1 to 64 bytes that can be shown.
 */
export function check_device_name(name: string): boolean;

/**
 * Why this cannot be a new PIN, as a fault's kind; nothing if it can.
 */
export function check_pin(pin: Uint8Array | number[]): string | undefined;

/**
 * Whether this is a till's number with its check digit.
 */
export function check_till(text: string): boolean;

/**
 * The encapsulated keys of a page's confirmations, 32 bytes each, in their order; zeros where there is none.
 *
 * # Errors
 * A fault of kind `refused` if the page is not one.
 */
export function confirmation_encs(page: string): Uint8Array;

/**
 * The encapsulated keys of a page's notices, as [`crate::confirmation_encs`] gives those of confirmations.
 *
 * # Errors
 * A fault of kind `refused` if the page is not one.
 */
export function notice_encs(page: string): Uint8Array;

/**
 * The QR Code of a text, as JSON: `side`, and `modules` as a text of `0` and `1`, row by row.
 *
 * # Errors
 * A fault of kind `unexpected` if the text is empty or too long.
 */
export function qr(text: string): string;

/**
 * The encapsulated key of a question, 32 bytes.
 *
 * # Errors
 * A fault of kind `refused` if it is not one.
 */
export function question_enc(view: string): Uint8Array;

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export interface InitOutput {
    readonly memory: WebAssembly.Memory;
    readonly __wbg_activationdraft_free: (a: number, b: number) => void;
    readonly __wbg_answerdraft_free: (a: number, b: number) => void;
    readonly __wbg_openedquestion_free: (a: number, b: number) => void;
    readonly __wbg_pendingcode_free: (a: number, b: number) => void;
    readonly __wbg_preparedrequest_free: (a: number, b: number) => void;
    readonly __wbg_renewaldraft_free: (a: number, b: number) => void;
    readonly __wbg_showncode_free: (a: number, b: number) => void;
    readonly __wbg_signablecode_free: (a: number, b: number) => void;
    readonly __wbg_unsentrequest_free: (a: number, b: number) => void;
    readonly __wbg_wallet_free: (a: number, b: number) => void;
    readonly activationdraft_certificate_request: (a: number) => [number, number];
    readonly activationdraft_device_proof: (a: number) => [number, number];
    readonly activationdraft_online_proof: (a: number) => [number, number];
    readonly answerdraft_finish: (a: number, b: number, c: number) => [number, number, number, number];
    readonly answerdraft_to_sign: (a: number) => [number, number];
    readonly check_activation_code: (a: number, b: number) => number;
    readonly check_device_name: (a: number, b: number) => number;
    readonly check_pin: (a: number, b: number) => [number, number];
    readonly check_till: (a: number, b: number) => number;
    readonly confirmation_encs: (a: number, b: number) => [number, number, number, number];
    readonly notice_encs: (a: number, b: number) => [number, number, number, number];
    readonly openedquestion_to_json: (a: number) => [number, number];
    readonly pendingcode_stored: (a: number) => number;
    readonly preparedrequest_finish: (a: number, b: number, c: number) => [number, number, number, number];
    readonly preparedrequest_to_sign: (a: number) => [number, number];
    readonly qr: (a: number, b: number) => [number, number, number, number];
    readonly question_enc: (a: number, b: number) => [number, number, number, number];
    readonly renewaldraft_finish: (a: number, b: number, c: number) => [number, number, number, number];
    readonly renewaldraft_to_sign: (a: number) => [number, number];
    readonly showncode_modules: (a: number) => [number, number];
    readonly showncode_side: (a: number) => number;
    readonly showncode_to_json: (a: number) => [number, number];
    readonly signablecode_finish: (a: number, b: number, c: number) => [number, number, number];
    readonly signablecode_to_sign: (a: number) => [number, number];
    readonly unsentrequest_stored: (a: number) => [number, number];
    readonly wallet_abandon_activation: (a: number) => [number, number];
    readonly wallet_apply_enrolment: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly wallet_apply_method: (a: number, b: number, c: number) => [number, number];
    readonly wallet_apply_methods: (a: number, b: number, c: number) => [number, number];
    readonly wallet_apply_renewal: (a: number, b: number, c: number, d: number, e: number) => [number, number, number];
    readonly wallet_begin_activation: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number];
    readonly wallet_begin_pin_change: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly wallet_begin_pin_reset: (a: number, b: number, c: number, d: number, e: number) => [number, number];
    readonly wallet_complete_activation: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number];
    readonly wallet_confirmed_through: (a: number) => number;
    readonly wallet_draft_activation: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number, i: number, j: number, k: number, l: number, m: number, n: number, o: number, p: number) => [number, number, number];
    readonly wallet_draft_approval: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly wallet_draft_refusal: (a: number, b: number) => [number, number, number];
    readonly wallet_draft_renewal: (a: number) => [number, number, number];
    readonly wallet_forget_method: (a: number, b: number) => [number, number];
    readonly wallet_fresh: (a: number, b: number) => [number, number, number];
    readonly wallet_is_pin_reset_under_way: (a: number) => number;
    readonly wallet_is_renewal_due: (a: number, b: number) => number;
    readonly wallet_make_code: (a: number, b: number, c: number, d: number, e: number, f: number) => [number, number, number];
    readonly wallet_move_request: (a: number, b: number, c: number) => [number, number, number, number];
    readonly wallet_noticed_through: (a: number) => number;
    readonly wallet_open: (a: number, b: number, c: number, d: number) => [number, number, number];
    readonly wallet_open_question: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number];
    readonly wallet_pending_activation: (a: number) => [number, number];
    readonly wallet_pin_change_under_way: (a: number) => [number, number];
    readonly wallet_prepare_request: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number];
    readonly wallet_read_devices: (a: number, b: number, c: number) => [number, number, number, number];
    readonly wallet_receive_notices: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number];
    readonly wallet_receive_page: (a: number, b: number, c: number, d: number, e: number, f: number, g: number, h: number) => [number, number, number, number];
    readonly wallet_renew_code: (a: number, b: number) => [number, number, number];
    readonly wallet_renewals_left: (a: number, b: number) => number;
    readonly wallet_resync_request: (a: number) => [number, number, number, number];
    readonly wallet_revoke_request: (a: number, b: number, c: number, d: number, e: number, f: number, g: number) => [number, number, number, number];
    readonly wallet_roll_back_pin_change: (a: number) => void;
    readonly wallet_seal: (a: number, b: number, c: number) => [number, number, number, number];
    readonly wallet_see_notices: (a: number, b: number) => [number, number];
    readonly wallet_server_time_ms: (a: number, b: number) => number;
    readonly wallet_update_app: (a: number, b: number, c: number) => [number, number];
    readonly wallet_view: (a: number, b: number) => [number, number];
    readonly wallet_wipe: (a: number) => void;
    readonly __wbindgen_exn_store: (a: number) => void;
    readonly __externref_table_alloc: () => number;
    readonly __wbindgen_externrefs: WebAssembly.Table;
    readonly __wbindgen_free: (a: number, b: number, c: number) => void;
    readonly __wbindgen_malloc: (a: number, b: number) => number;
    readonly __externref_table_dealloc: (a: number) => void;
    readonly __wbindgen_realloc: (a: number, b: number, c: number, d: number) => number;
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
