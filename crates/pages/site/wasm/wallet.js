/* @ts-self-types="./wallet.d.ts" */

/**
 * An activation request that waits for three signatures.
 */
export class ActivationDraft {
    static __wrap(ptr) {
        const obj = Object.create(ActivationDraft.prototype);
        obj.__wbg_ptr = ptr;
        ActivationDraftFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        ActivationDraftFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_activationdraft_free(ptr, 0);
    }
    /**
     * What the device key signs first: the certificate request.
     * @returns {Uint8Array}
     */
    certificate_request() {
        const ret = wasm.activationdraft_certificate_request(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * What the device key signs second.
     * @returns {Uint8Array}
     */
    device_proof() {
        const ret = wasm.activationdraft_device_proof(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * What the online key signs.
     * @returns {Uint8Array}
     */
    online_proof() {
        const ret = wasm.activationdraft_online_proof(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
}
if (Symbol.dispose) ActivationDraft.prototype[Symbol.dispose] = ActivationDraft.prototype.free;

/**
 * An answer that waits for the device key's signature.
 */
export class AnswerDraft {
    static __wrap(ptr) {
        const obj = Object.create(AnswerDraft.prototype);
        obj.__wbg_ptr = ptr;
        AnswerDraftFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        AnswerDraftFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_answerdraft_free(ptr, 0);
    }
    /**
     * Takes the signature; gives the body to send.
     *
     * # Errors
     * A fault of kind `vault`.
     * @param {Uint8Array | number[]} signature
     * @returns {Uint8Array}
     */
    finish(signature) {
        let ptr, ptr0, len0;
        try {
            ptr = this.__destroy_into_raw();
            ptr0 = passArray8ToWasm0(signature, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            if (ptr) wasm.__wbg_answerdraft_free(ptr, 1);
            throw e;
        }
        const ret = wasm.answerdraft_finish(ptr, ptr0, len0);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v2;
    }
    /**
     * What the device key signs.
     * @returns {Uint8Array}
     */
    to_sign() {
        const ret = wasm.answerdraft_to_sign(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
}
if (Symbol.dispose) AnswerDraft.prototype[Symbol.dispose] = AnswerDraft.prototype.free;

/**
 * A question that was opened: what is shown of it is what is answered.
 */
export class OpenedQuestion {
    static __wrap(ptr) {
        const obj = Object.create(OpenedQuestion.prototype);
        obj.__wbg_ptr = ptr;
        OpenedQuestionFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        OpenedQuestionFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_openedquestion_free(ptr, 0);
    }
    /**
     * What is asked, as JSON with the names of `spec/approval.md`, chapter 1.
     * @returns {string}
     */
    to_json() {
        let deferred1_0;
        let deferred1_1;
        try {
            const ret = wasm.openedquestion_to_json(this.__wbg_ptr);
            deferred1_0 = ret[0];
            deferred1_1 = ret[1];
            return getStringFromWasm0(ret[0], ret[1]);
        } finally {
            wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
        }
    }
}
if (Symbol.dispose) OpenedQuestion.prototype[Symbol.dispose] = OpenedQuestion.prototype.free;

/**
 * A code whose counter is used up: store the state, then go on.
 */
export class PendingCode {
    static __wrap(ptr) {
        const obj = Object.create(PendingCode.prototype);
        obj.__wbg_ptr = ptr;
        PendingCodeFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        PendingCodeFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_pendingcode_free(ptr, 0);
    }
    /**
     * The page's word that the state, with the counter in it, is durable.
     * @returns {SignableCode}
     */
    stored() {
        const ptr = this.__destroy_into_raw();
        const ret = wasm.pendingcode_stored(ptr);
        return SignableCode.__wrap(ret);
    }
}
if (Symbol.dispose) PendingCode.prototype[Symbol.dispose] = PendingCode.prototype.free;

/**
 * A request that waits for its signature.
 */
export class PreparedRequest {
    static __wrap(ptr) {
        const obj = Object.create(PreparedRequest.prototype);
        obj.__wbg_ptr = ptr;
        PreparedRequestFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        PreparedRequestFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_preparedrequest_free(ptr, 0);
    }
    /**
     * The fields to add to the request: JSON, a list of pairs.
     *
     * # Errors
     * A fault of kind `vault`.
     * @param {Uint8Array | number[]} signature
     * @returns {string}
     */
    finish(signature) {
        let deferred3_0;
        let deferred3_1;
        try {
            let ptr, ptr0, len0;
            try {
                ptr = this.__destroy_into_raw();
                ptr0 = passArray8ToWasm0(signature, wasm.__wbindgen_malloc);
                len0 = WASM_VECTOR_LEN;
            } catch (e) {
                if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
                if (ptr) wasm.__wbg_preparedrequest_free(ptr, 1);
                throw e;
            }
            const ret = wasm.preparedrequest_finish(ptr, ptr0, len0);
            var ptr2 = ret[0];
            var len2 = ret[1];
            if (ret[3]) {
                ptr2 = 0; len2 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred3_0 = ptr2;
            deferred3_1 = len2;
            return getStringFromWasm0(ptr2, len2);
        } finally {
            wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
        }
    }
    /**
     * What the online key signs.
     * @returns {Uint8Array}
     */
    to_sign() {
        const ret = wasm.preparedrequest_to_sign(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
}
if (Symbol.dispose) PreparedRequest.prototype[Symbol.dispose] = PreparedRequest.prototype.free;

/**
 * A renewal of the certificate that waits for the device key's signature.
 */
export class RenewalDraft {
    static __wrap(ptr) {
        const obj = Object.create(RenewalDraft.prototype);
        obj.__wbg_ptr = ptr;
        RenewalDraftFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        RenewalDraftFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_renewaldraft_free(ptr, 0);
    }
    /**
     * Takes the signature; gives the body to send.
     *
     * # Errors
     * A fault of kind `vault`.
     * @param {Uint8Array | number[]} signature
     * @returns {string}
     */
    finish(signature) {
        let deferred3_0;
        let deferred3_1;
        try {
            let ptr, ptr0, len0;
            try {
                ptr = this.__destroy_into_raw();
                ptr0 = passArray8ToWasm0(signature, wasm.__wbindgen_malloc);
                len0 = WASM_VECTOR_LEN;
            } catch (e) {
                if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
                if (ptr) wasm.__wbg_renewaldraft_free(ptr, 1);
                throw e;
            }
            const ret = wasm.renewaldraft_finish(ptr, ptr0, len0);
            var ptr2 = ret[0];
            var len2 = ret[1];
            if (ret[3]) {
                ptr2 = 0; len2 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred3_0 = ptr2;
            deferred3_1 = len2;
            return getStringFromWasm0(ptr2, len2);
        } finally {
            wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
        }
    }
    /**
     * What the device key signs.
     * @returns {Uint8Array}
     */
    to_sign() {
        const ret = wasm.renewaldraft_to_sign(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
}
if (Symbol.dispose) RenewalDraft.prototype[Symbol.dispose] = RenewalDraft.prototype.free;

/**
 * A code to be shown.
 */
export class ShownCode {
    static __wrap(ptr) {
        const obj = Object.create(ShownCode.prototype);
        obj.__wbg_ptr = ptr;
        ShownCodeFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        ShownCodeFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_showncode_free(ptr, 0);
    }
    /**
     * One byte a module, row by row; 1 is dark.
     * @returns {Uint8Array}
     */
    modules() {
        const ret = wasm.showncode_modules(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
    /**
     * Modules along one side of the symbol.
     * @returns {number}
     */
    side() {
        const ret = wasm.showncode_side(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * All but the symbol, as JSON.
     * @returns {string}
     */
    to_json() {
        let deferred1_0;
        let deferred1_1;
        try {
            const ret = wasm.showncode_to_json(this.__wbg_ptr);
            deferred1_0 = ret[0];
            deferred1_1 = ret[1];
            return getStringFromWasm0(ret[0], ret[1]);
        } finally {
            wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
        }
    }
}
if (Symbol.dispose) ShownCode.prototype[Symbol.dispose] = ShownCode.prototype.free;

/**
 * A code that waits for the device key's signature.
 */
export class SignableCode {
    static __wrap(ptr) {
        const obj = Object.create(SignableCode.prototype);
        obj.__wbg_ptr = ptr;
        SignableCodeFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        SignableCodeFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_signablecode_free(ptr, 0);
    }
    /**
     * Takes the signature.
     *
     * # Errors
     * A fault of kind `vault`. The counter stays used up.
     * @param {Uint8Array | number[]} signature
     * @returns {ShownCode}
     */
    finish(signature) {
        let ptr, ptr0, len0;
        try {
            ptr = this.__destroy_into_raw();
            ptr0 = passArray8ToWasm0(signature, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            if (ptr) wasm.__wbg_signablecode_free(ptr, 1);
            throw e;
        }
        const ret = wasm.signablecode_finish(ptr, ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ShownCode.__wrap(ret[0]);
    }
    /**
     * What the device key signs.
     * @returns {Uint8Array}
     */
    to_sign() {
        const ret = wasm.signablecode_to_sign(this.__wbg_ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
}
if (Symbol.dispose) SignableCode.prototype[Symbol.dispose] = SignableCode.prototype.free;

/**
 * A request that is in the state now: store the state, then take the bytes to send.
 */
export class UnsentRequest {
    static __wrap(ptr) {
        const obj = Object.create(UnsentRequest.prototype);
        obj.__wbg_ptr = ptr;
        UnsentRequestFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        UnsentRequestFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_unsentrequest_free(ptr, 0);
    }
    /**
     * The page's word that the state is durable; gives the bytes to send.
     * @returns {Uint8Array}
     */
    stored() {
        const ptr = this.__destroy_into_raw();
        const ret = wasm.unsentrequest_stored(ptr);
        var v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v1;
    }
}
if (Symbol.dispose) UnsentRequest.prototype[Symbol.dispose] = UnsentRequest.prototype.free;

/**
 * The wallet, as long as the page is open.
 */
export class Wallet {
    static __wrap(ptr) {
        const obj = Object.create(Wallet.prototype);
        obj.__wbg_ptr = ptr;
        WalletFinalization.register(obj, obj.__wbg_ptr, obj);
        return obj;
    }
    __destroy_into_raw() {
        const ptr = this.__wbg_ptr;
        this.__wbg_ptr = 0;
        WalletFinalization.unregister(this);
        return ptr;
    }
    free() {
        const ptr = this.__destroy_into_raw();
        wasm.__wbg_wallet_free(ptr, 0);
    }
    /**
     * Gives an activation up that the server refused for good. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `no_activation`.
     */
    abandon_activation() {
        const ret = wasm.wallet_abandon_activation(this.__wbg_ptr);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Takes the server's word on the enrolment, and says how many confirmations wait there. Store the state
     * afterwards.
     *
     * # Errors
     * A fault of kind `refused` for keys that are not the realm's.
     * @param {string} view
     * @param {number} sent_at_ms
     * @param {number} now_ms
     * @returns {number}
     */
    apply_enrolment(view, sent_at_ms, now_ms) {
        const val2 = +sent_at_ms;
        const val3 = +now_ms;
        const ptr0 = passStringToWasm0(view, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_apply_enrolment(this.__wbg_ptr, ptr0, len0, val2, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] >>> 0;
    }
    /**
     * Takes the server's word on one method. Store the state afterwards.
     *
     * # Errors
     * As [`Wallet::apply_methods`].
     * @param {string} method
     */
    apply_method(method) {
        const ptr0 = passStringToWasm0(method, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_apply_method(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Takes the server's list of methods. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `refused` for a list that cannot be.
     * @param {string} page
     */
    apply_methods(page) {
        const ptr0 = passStringToWasm0(page, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_apply_methods(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Takes the answer, and says whether the certificate is a new one. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `refused` for a certificate that is not for this device's key, or as [`Wallet::apply_enrolment`].
     * @param {string} view
     * @param {number} sent_at_ms
     * @param {number} now_ms
     * @returns {boolean}
     */
    apply_renewal(view, sent_at_ms, now_ms) {
        const val2 = +sent_at_ms;
        const val3 = +now_ms;
        const ptr0 = passStringToWasm0(view, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_apply_renewal(this.__wbg_ptr, ptr0, len0, val2, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] !== 0;
    }
    /**
     * Takes the draft with its signatures into the state: store it, then send.
     *
     * # Errors
     * A fault of kind `vault` if a signature does not fit.
     * @param {ActivationDraft} draft
     * @param {Uint8Array | number[]} certificate_request
     * @param {Uint8Array | number[]} device_proof
     * @param {Uint8Array | number[]} online_proof
     * @returns {UnsentRequest}
     */
    begin_activation(draft, certificate_request, device_proof, online_proof) {
        let ptr0, ptr1, len1, ptr2, len2, ptr3, len3;
        try {
            _assertClass(draft, ActivationDraft);
            ptr0 = draft.__destroy_into_raw();
            ptr1 = passArray8ToWasm0(certificate_request, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passArray8ToWasm0(device_proof, wasm.__wbindgen_malloc);
            len2 = WASM_VECTOR_LEN;
            ptr3 = passArray8ToWasm0(online_proof, wasm.__wbindgen_malloc);
            len3 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr3) { wasm.__wbindgen_free(ptr3, len3 * 1, 1); }
            if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 1, 1); }
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) wasm.__wbg_activationdraft_free(ptr0, 1);
            throw e;
        }
        const ret = wasm.wallet_begin_activation(this.__wbg_ptr, ptr0, ptr1, len1, ptr2, len2, ptr3, len3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return UnsentRequest.__wrap(ret[0]);
    }
    /**
     * Begins a PIN change: store the state, then send what [`Wallet::pin_change_under_way`] gives.
     *
     * # Errors
     * Faults of kind `pin_…`, `pin_same`, `pin_change_under_way`, `not_activated`.
     * @param {Uint8Array | number[]} present
     * @param {Uint8Array | number[]} _new
     */
    begin_pin_change(present, _new) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(present, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(_new, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_begin_pin_change(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Begins to set the PIN anew by a code: as [`Wallet::begin_pin_change`].
     *
     * # Errors
     * As [`Wallet::begin_pin_change`]; a fault of kind `bad_activation_code`.
     * @param {string} code
     * @param {Uint8Array | number[]} _new
     */
    begin_pin_reset(code, _new) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passStringToWasm0(code, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(_new, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_begin_pin_reset(this.__wbg_ptr, ptr0, len0, ptr1, len1);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * Takes the reply to a request that was sent at `sent_at_ms`. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `refused` for a reply that is not the server's or not for this device key.
     * @param {Uint8Array | number[]} reply
     * @param {Uint8Array | number[]} device_key
     * @param {number} sent_at_ms
     * @param {number} now_ms
     */
    complete_activation(reply, device_key, sent_at_ms, now_ms) {
        const val3 = +sent_at_ms;
        const val4 = +now_ms;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(reply, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(device_key, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_complete_activation(this.__wbg_ptr, ptr0, len0, ptr1, len1, val3, val4);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * The place up to which all confirmations have come: what to ask the server after.
     * @returns {number}
     */
    confirmed_through() {
        const ret = wasm.wallet_confirmed_through(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Drafts an activation request for keys whose public halves these are. `browser` is JSON with `os`,
     * `os_version` and `model`.
     *
     * # Errors
     * Faults of kind `bad_activation_code`, `pin_…`, `vault`, `already_activated`, `activation_under_way`.
     * @param {string} activation_code
     * @param {string} challenge
     * @param {Uint8Array | number[]} pin
     * @param {string} browser
     * @param {Uint8Array | number[]} device_key
     * @param {Uint8Array | number[]} online_key
     * @param {Uint8Array | number[]} confirmation_key
     * @param {number} now_ms
     * @returns {ActivationDraft}
     */
    draft_activation(activation_code, challenge, pin, browser, device_key, online_key, confirmation_key, now_ms) {
        const val8 = +now_ms;
        let ptr0, len0, ptr1, len1, ptr2, len2, ptr3, len3, ptr4, len4, ptr5, len5, ptr6, len6;
        try {
            ptr0 = passStringToWasm0(activation_code, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passStringToWasm0(challenge, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passArray8ToWasm0(pin, wasm.__wbindgen_malloc);
            len2 = WASM_VECTOR_LEN;
            ptr3 = passStringToWasm0(browser, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len3 = WASM_VECTOR_LEN;
            ptr4 = passArray8ToWasm0(device_key, wasm.__wbindgen_malloc);
            len4 = WASM_VECTOR_LEN;
            ptr5 = passArray8ToWasm0(online_key, wasm.__wbindgen_malloc);
            len5 = WASM_VECTOR_LEN;
            ptr6 = passArray8ToWasm0(confirmation_key, wasm.__wbindgen_malloc);
            len6 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr6) { wasm.__wbindgen_free(ptr6, len6 * 1, 1); }
            if (ptr5) { wasm.__wbindgen_free(ptr5, len5 * 1, 1); }
            if (ptr4) { wasm.__wbindgen_free(ptr4, len4 * 1, 1); }
            if (ptr3) { wasm.__wbindgen_free(ptr3, len3 * 1, 1); }
            if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 1, 1); }
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_draft_activation(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2, ptr3, len3, ptr4, len4, ptr5, len5, ptr6, len6, val8);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ActivationDraft.__wrap(ret[0]);
    }
    /**
     * Drafts a yes, whatever the PIN: only the server can tell a right one.
     *
     * # Errors
     * Faults of kind `pin_…`, `pin_change_under_way`, `not_activated`.
     * @param {OpenedQuestion} opened
     * @param {Uint8Array | number[]} pin
     * @returns {AnswerDraft}
     */
    draft_approval(opened, pin) {
        _assertClass(opened, OpenedQuestion);
        const ptr0 = passArray8ToWasm0(pin, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_draft_approval(this.__wbg_ptr, opened.__wbg_ptr, ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return AnswerDraft.__wrap(ret[0]);
    }
    /**
     * Drafts a no. It takes no PIN.
     *
     * # Errors
     * A fault of kind `not_activated`.
     * @param {OpenedQuestion} opened
     * @returns {AnswerDraft}
     */
    draft_refusal(opened) {
        _assertClass(opened, OpenedQuestion);
        const ret = wasm.wallet_draft_refusal(this.__wbg_ptr, opened.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return AnswerDraft.__wrap(ret[0]);
    }
    /**
     * Drafts a request to renew the certificate.
     *
     * # Errors
     * A fault of kind `not_activated`.
     * @returns {RenewalDraft}
     */
    draft_renewal() {
        const ret = wasm.wallet_draft_renewal(this.__wbg_ptr);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return RenewalDraft.__wrap(ret[0]);
    }
    /**
     * Forgets a method that the server removed. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `not_activated`.
     * @param {number} slot
     */
    forget_method(slot) {
        const ret = wasm.wallet_forget_method(this.__wbg_ptr, slot);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * A wallet that is not activated, of the realm in this file.
     *
     * # Errors
     * A fault of kind `refused` if the file is not one.
     * @param {string} realm_file
     * @returns {Wallet}
     */
    static fresh(realm_file) {
        const ptr0 = passStringToWasm0(realm_file, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_fresh(ptr0, len0);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return Wallet.__wrap(ret[0]);
    }
    /**
     * Whether what is under way is a reset by a code: it goes to `/v1/enrolment/pin-reset`, a change to
     * `/v1/enrolment/pin`.
     * @returns {boolean}
     */
    is_pin_reset_under_way() {
        const ret = wasm.wallet_is_pin_reset_under_way(this.__wbg_ptr);
        return ret !== 0;
    }
    /**
     * Whether the certificate is to be renewed now.
     * @param {number} now_ms
     * @returns {boolean}
     */
    is_renewal_due(now_ms) {
        const ret = wasm.wallet_is_renewal_due(this.__wbg_ptr, now_ms);
        return ret !== 0;
    }
    /**
     * Makes the next code, whatever the PIN: only the server can tell a right one. `wish` is JSON with `slot`,
     * `cap_minor` and `till`, each of which may be null. Store the state before [`PendingCode::stored`].
     *
     * # Errors
     * A fault: not activated, no usable method, cap, till, key or clock. No counter is used up then.
     * @param {Uint8Array | number[]} pin
     * @param {string} wish
     * @param {number} now_ms
     * @returns {PendingCode}
     */
    make_code(pin, wish, now_ms) {
        const val3 = +now_ms;
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(pin, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passStringToWasm0(wish, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_make_code(this.__wbg_ptr, ptr0, len0, ptr1, len1, val3);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return PendingCode.__wrap(ret[0]);
    }
    /**
     * What to ask a code with for the phone that takes this one's place, as JSON.
     *
     * # Errors
     * As [`Wallet::revoke_request`].
     * @param {Uint8Array | number[]} pin
     * @returns {string}
     */
    move_request(pin) {
        let deferred3_0;
        let deferred3_1;
        try {
            const ptr0 = passArray8ToWasm0(pin, wasm.__wbindgen_malloc);
            const len0 = WASM_VECTOR_LEN;
            const ret = wasm.wallet_move_request(this.__wbg_ptr, ptr0, len0);
            var ptr2 = ret[0];
            var len2 = ret[1];
            if (ret[3]) {
                ptr2 = 0; len2 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred3_0 = ptr2;
            deferred3_1 = len2;
            return getStringFromWasm0(ptr2, len2);
        } finally {
            wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
        }
    }
    /**
     * The last notice that came: what to ask the server after.
     * @returns {number}
     */
    noticed_through() {
        const ret = wasm.wallet_noticed_through(this.__wbg_ptr);
        return ret >>> 0;
    }
    /**
     * Opens a stored state.
     *
     * # Errors
     * A fault of kind `damaged`.
     * @param {Uint8Array | number[]} state_key
     * @param {Uint8Array | number[]} sealed
     * @returns {Wallet}
     */
    static open(state_key, sealed) {
        let ptr0, len0, ptr1, len1;
        try {
            ptr0 = passArray8ToWasm0(state_key, wasm.__wbindgen_malloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(sealed, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_open(ptr0, len0, ptr1, len1);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return Wallet.__wrap(ret[0]);
    }
    /**
     * Opens a question, as the server gives it. `agreed` has 32 bytes: what the confirmation key and the key of
     * [`question_enc`] agree on.
     *
     * # Errors
     * A fault of kind `key_unknown` where the server's present keys must be fetched first; `refused` for one that is
     * forged, for another wallet, or not the one that it is said to be; `not_activated`.
     * @param {string} view
     * @param {Uint8Array | number[]} confirmation_key
     * @param {Uint8Array | number[]} agreed
     * @returns {OpenedQuestion}
     */
    open_question(view, confirmation_key, agreed) {
        let ptr0, len0, ptr1, len1, ptr2, len2;
        try {
            ptr0 = passStringToWasm0(view, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(confirmation_key, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passArray8ToWasm0(agreed, wasm.__wbindgen_malloc);
            len2 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 1, 1); }
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_open_question(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return OpenedQuestion.__wrap(ret[0]);
    }
    /**
     * The request to send again, if one waits for its reply.
     * @returns {Uint8Array | undefined}
     */
    pending_activation() {
        const ret = wasm.wallet_pending_activation(this.__wbg_ptr);
        let v1;
        if (ret[0] !== 0) {
            v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
            wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        }
        return v1;
    }
    /**
     * The body to send to end a PIN change or reset, the same until it is answered; nothing if none is under way. The
     * answer goes to [`Wallet::apply_enrolment`].
     * @returns {Uint8Array | undefined}
     */
    pin_change_under_way() {
        const ret = wasm.wallet_pin_change_under_way(this.__wbg_ptr);
        let v1;
        if (ret[0] !== 0) {
            v1 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
            wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        }
        return v1;
    }
    /**
     * Prepares a request to `path`, from the server's root and with its query; `server_time_ms` is
     * [`Wallet::server_time_ms`], or what the server's last answer said.
     *
     * # Errors
     * A fault of kind `not_activated`, or `refused` if no server would take it.
     * @param {string} method
     * @param {string} path
     * @param {Uint8Array | number[]} body
     * @param {number} server_time_ms
     * @returns {PreparedRequest}
     */
    prepare_request(method, path, body, server_time_ms) {
        const val4 = +server_time_ms;
        let ptr0, len0, ptr1, len1, ptr2, len2;
        try {
            ptr0 = passStringToWasm0(method, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passStringToWasm0(path, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passArray8ToWasm0(body, wasm.__wbindgen_malloc);
            len2 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 1, 1); }
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_prepare_request(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2, val4);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return PreparedRequest.__wrap(ret[0]);
    }
    /**
     * The server's list of devices, if it is one that can be: the same again.
     *
     * # Errors
     * A fault of kind `refused` for a list that cannot be, `not_activated`.
     * @param {string} page
     * @returns {string}
     */
    read_devices(page) {
        let deferred3_0;
        let deferred3_1;
        try {
            const ptr0 = passStringToWasm0(page, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            const len0 = WASM_VECTOR_LEN;
            const ret = wasm.wallet_read_devices(this.__wbg_ptr, ptr0, len0);
            var ptr2 = ret[0];
            var len2 = ret[1];
            if (ret[3]) {
                ptr2 = 0; len2 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred3_0 = ptr2;
            deferred3_1 = len2;
            return getStringFromWasm0(ptr2, len2);
        } finally {
            wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
        }
    }
    /**
     * Takes a page of notices, and says whether there are more. `agreed` is as for [`Wallet::receive_page`], with the keys
     * of [`notice_encs`]. Store the state afterwards.
     *
     * # Errors
     * As [`Wallet::receive_page`].
     * @param {string} page
     * @param {Uint8Array | number[]} confirmation_key
     * @param {Uint8Array | number[]} agreed
     * @returns {boolean}
     */
    receive_notices(page, confirmation_key, agreed) {
        let ptr0, len0, ptr1, len1, ptr2, len2;
        try {
            ptr0 = passStringToWasm0(page, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
            len0 = WASM_VECTOR_LEN;
            ptr1 = passArray8ToWasm0(confirmation_key, wasm.__wbindgen_malloc);
            len1 = WASM_VECTOR_LEN;
            ptr2 = passArray8ToWasm0(agreed, wasm.__wbindgen_malloc);
            len2 = WASM_VECTOR_LEN;
        } catch (e) {
            if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 1, 1); }
            if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
            if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
            throw e;
        }
        const ret = wasm.wallet_receive_notices(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return ret[0] !== 0;
    }
    /**
     * Takes a page of confirmations. `agreed` has 32 bytes for each, in their order: what the confirmation key and
     * the key of [`confirmation_encs`] agree on. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `key_unknown` where the server's present keys must be fetched first, `refused` for a page out
     * of order; what came before is kept.
     * @param {string} page
     * @param {Uint8Array | number[]} confirmation_key
     * @param {Uint8Array | number[]} agreed
     * @param {number} now_ms
     * @returns {string}
     */
    receive_page(page, confirmation_key, agreed, now_ms) {
        let deferred6_0;
        let deferred6_1;
        try {
            const val4 = +now_ms;
            let ptr0, len0, ptr1, len1, ptr2, len2;
            try {
                ptr0 = passStringToWasm0(page, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
                len0 = WASM_VECTOR_LEN;
                ptr1 = passArray8ToWasm0(confirmation_key, wasm.__wbindgen_malloc);
                len1 = WASM_VECTOR_LEN;
                ptr2 = passArray8ToWasm0(agreed, wasm.__wbindgen_malloc);
                len2 = WASM_VECTOR_LEN;
            } catch (e) {
                if (ptr2) { wasm.__wbindgen_free(ptr2, len2 * 1, 1); }
                if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
                if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
                throw e;
            }
            const ret = wasm.wallet_receive_page(this.__wbg_ptr, ptr0, len0, ptr1, len1, ptr2, len2, val4);
            var ptr5 = ret[0];
            var len5 = ret[1];
            if (ret[3]) {
                ptr5 = 0; len5 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred6_0 = ptr5;
            deferred6_1 = len5;
            return getStringFromWasm0(ptr5, len5);
        } finally {
            wasm.__wbindgen_free(deferred6_0, deferred6_1, 1);
        }
    }
    /**
     * Makes another code on the PIN that was entered. Store the state before [`PendingCode::stored`].
     *
     * # Errors
     * A fault of kind `enter_pin_again` when renewals or time are used up; else as [`Wallet::make_code`].
     * @param {number} now_ms
     * @returns {PendingCode}
     */
    renew_code(now_ms) {
        const ret = wasm.wallet_renew_code(this.__wbg_ptr, now_ms);
        if (ret[2]) {
            throw takeFromExternrefTable0(ret[1]);
        }
        return PendingCode.__wrap(ret[0]);
    }
    /**
     * How many more codes can be made without entering the PIN.
     * @param {number} now_ms
     * @returns {number}
     */
    renewals_left(now_ms) {
        const ret = wasm.wallet_renewals_left(this.__wbg_ptr, now_ms);
        return ret;
    }
    /**
     * The body of a resynchronisation.
     *
     * # Errors
     * A fault of kind `not_activated`.
     * @returns {string}
     */
    resync_request() {
        let deferred2_0;
        let deferred2_1;
        try {
            const ret = wasm.wallet_resync_request(this.__wbg_ptr);
            var ptr1 = ret[0];
            var len1 = ret[1];
            if (ret[3]) {
                ptr1 = 0; len1 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred2_0 = ptr1;
            deferred2_1 = len1;
            return getStringFromWasm0(ptr1, len1);
        } finally {
            wasm.__wbindgen_free(deferred2_0, deferred2_1, 1);
        }
    }
    /**
     * What to revoke a device with, as JSON.
     *
     * # Errors
     * Faults of kind `pin_…`, `pin_change_under_way`, `not_activated`; `refused` for an id that is none.
     * @param {string} device
     * @param {boolean} lost
     * @param {boolean} last
     * @param {Uint8Array | number[]} pin
     * @returns {string}
     */
    revoke_request(device, lost, last, pin) {
        let deferred6_0;
        let deferred6_1;
        try {
            const val3 = +lost;
            const val4 = +last;
            let ptr0, len0, ptr1, len1;
            try {
                ptr0 = passStringToWasm0(device, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
                len0 = WASM_VECTOR_LEN;
                ptr1 = passArray8ToWasm0(pin, wasm.__wbindgen_malloc);
                len1 = WASM_VECTOR_LEN;
            } catch (e) {
                if (ptr1) { wasm.__wbindgen_free(ptr1, len1 * 1, 1); }
                if (ptr0) { wasm.__wbindgen_free(ptr0, len0 * 1, 1); }
                throw e;
            }
            const ret = wasm.wallet_revoke_request(this.__wbg_ptr, ptr0, len0, val3, val4, ptr1, len1);
            var ptr5 = ret[0];
            var len5 = ret[1];
            if (ret[3]) {
                ptr5 = 0; len5 = 0;
                throw takeFromExternrefTable0(ret[2]);
            }
            deferred6_0 = ptr5;
            deferred6_1 = len5;
            return getStringFromWasm0(ptr5, len5);
        } finally {
            wasm.__wbindgen_free(deferred6_0, deferred6_1, 1);
        }
    }
    /**
     * Ends a PIN change that the server refused: the PIN so far stays. Store the state afterwards.
     */
    roll_back_pin_change() {
        wasm.wallet_roll_back_pin_change(this.__wbg_ptr);
    }
    /**
     * The state as it is to be stored.
     *
     * # Errors
     * A fault of kind `vault` if the key is none.
     * @param {Uint8Array | number[]} state_key
     * @returns {Uint8Array}
     */
    seal(state_key) {
        const ptr0 = passArray8ToWasm0(state_key, wasm.__wbindgen_malloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_seal(this.__wbg_ptr, ptr0, len0);
        if (ret[3]) {
            throw takeFromExternrefTable0(ret[2]);
        }
        var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
        return v2;
    }
    /**
     * The customer has looked at the notices up to this one. Store the state afterwards.
     *
     * # Errors
     * A fault of kind `not_activated`.
     * @param {number} through
     */
    see_notices(through) {
        const ret = wasm.wallet_see_notices(this.__wbg_ptr, through);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * The server's time at the phone's time `now_ms`, as well as the phone can know it.
     * @param {number} now_ms
     * @returns {number}
     */
    server_time_ms(now_ms) {
        const ret = wasm.wallet_server_time_ms(this.__wbg_ptr, now_ms);
        return ret;
    }
    /**
     * Takes the file that an updated app ships with. Ask how the wallet stands afterwards, and store the state.
     *
     * # Errors
     * A fault of kind `refused` if it is not one, or of another installation.
     * @param {string} realm_file
     */
    update_app(realm_file) {
        const ptr0 = passStringToWasm0(realm_file, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.wallet_update_app(this.__wbg_ptr, ptr0, len0);
        if (ret[1]) {
            throw takeFromExternrefTable0(ret[0]);
        }
    }
    /**
     * How the wallet stands at the phone's time `now_ms`, with all that it keeps to be shown.
     * @param {number} now_ms
     * @returns {string}
     */
    view(now_ms) {
        let deferred1_0;
        let deferred1_1;
        try {
            const ret = wasm.wallet_view(this.__wbg_ptr, now_ms);
            deferred1_0 = ret[0];
            deferred1_1 = ret[1];
            return getStringFromWasm0(ret[0], ret[1]);
        } finally {
            wasm.__wbindgen_free(deferred1_0, deferred1_1, 1);
        }
    }
    /**
     * Forgets the derived PIN key: nothing can be renewed afterwards.
     */
    wipe() {
        wasm.wallet_wipe(this.__wbg_ptr);
    }
}
if (Symbol.dispose) Wallet.prototype[Symbol.dispose] = Wallet.prototype.free;

/**
 * Whether this has the form of an activation code.
 * @param {string} text
 * @returns {boolean}
 */
export function check_activation_code(text) {
    const ptr0 = passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.check_activation_code(ptr0, len0);
    return ret !== 0;
}

/**
 * Whether a device may be called this: nothing, or 1 to 64 bytes that can be shown.
 * @param {string} name
 * @returns {boolean}
 */
export function check_device_name(name) {
    const ptr0 = passStringToWasm0(name, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.check_device_name(ptr0, len0);
    return ret !== 0;
}

/**
 * Why this cannot be a new PIN, as a fault's kind; nothing if it can.
 * @param {Uint8Array | number[]} pin
 * @returns {string | undefined}
 */
export function check_pin(pin) {
    const ptr0 = passArray8ToWasm0(pin, wasm.__wbindgen_malloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.check_pin(ptr0, len0);
    let v2;
    if (ret[0] !== 0) {
        v2 = getStringFromWasm0(ret[0], ret[1]);
        wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
    }
    return v2;
}

/**
 * Whether this is a till's number with its check digit.
 * @param {string} text
 * @returns {boolean}
 */
export function check_till(text) {
    const ptr0 = passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.check_till(ptr0, len0);
    return ret !== 0;
}

/**
 * The encapsulated keys of a page's confirmations, 32 bytes each, in their order; zeros where there is none.
 *
 * # Errors
 * A fault of kind `refused` if the page is not one.
 * @param {string} page
 * @returns {Uint8Array}
 */
export function confirmation_encs(page) {
    const ptr0 = passStringToWasm0(page, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.confirmation_encs(ptr0, len0);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
    return v2;
}

/**
 * The encapsulated keys of a page's notices, as [`crate::confirmation_encs`] gives those of confirmations.
 *
 * # Errors
 * A fault of kind `refused` if the page is not one.
 * @param {string} page
 * @returns {Uint8Array}
 */
export function notice_encs(page) {
    const ptr0 = passStringToWasm0(page, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.notice_encs(ptr0, len0);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
    return v2;
}

/**
 * The QR Code of a text, as JSON: `side`, and `modules` as a text of `0` and `1`, row by row.
 *
 * # Errors
 * A fault of kind `unexpected` if the text is empty or too long.
 * @param {string} text
 * @returns {string}
 */
export function qr(text) {
    let deferred3_0;
    let deferred3_1;
    try {
        const ptr0 = passStringToWasm0(text, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
        const len0 = WASM_VECTOR_LEN;
        const ret = wasm.qr(ptr0, len0);
        var ptr2 = ret[0];
        var len2 = ret[1];
        if (ret[3]) {
            ptr2 = 0; len2 = 0;
            throw takeFromExternrefTable0(ret[2]);
        }
        deferred3_0 = ptr2;
        deferred3_1 = len2;
        return getStringFromWasm0(ptr2, len2);
    } finally {
        wasm.__wbindgen_free(deferred3_0, deferred3_1, 1);
    }
}

/**
 * The encapsulated key of a question, 32 bytes.
 *
 * # Errors
 * A fault of kind `refused` if it is not one.
 * @param {string} view
 * @returns {Uint8Array}
 */
export function question_enc(view) {
    const ptr0 = passStringToWasm0(view, wasm.__wbindgen_malloc, wasm.__wbindgen_realloc);
    const len0 = WASM_VECTOR_LEN;
    const ret = wasm.question_enc(ptr0, len0);
    if (ret[3]) {
        throw takeFromExternrefTable0(ret[2]);
    }
    var v2 = getArrayU8FromWasm0(ret[0], ret[1]).slice();
    wasm.__wbindgen_free(ret[0], ret[1] * 1, 1);
    return v2;
}
function __wbg_get_imports() {
    const import0 = {
        __proto__: null,
        __wbg___wbindgen_throw_4c88d8bf264fd984: function(arg0, arg1) {
            throw new Error(getStringFromWasm0(arg0, arg1));
        },
        __wbg_getRandomValues_8b6f1f663e6f188d: function() { return handleError(function (arg0, arg1) {
            globalThis.crypto.getRandomValues(getArrayU8FromWasm0(arg0, arg1));
        }, arguments); },
        __wbindgen_generic_0000000000000001: function(arg0, arg1) {
            // Cast intrinsic for `Ref(String) -> Externref`.
            const ret = getStringFromWasm0(arg0, arg1);
            return ret;
        },
        __wbindgen_init_externref_table: function() {
            const table = wasm.__wbindgen_externrefs;
            table.set(0, undefined);
            table.set(1024, undefined);
            table.set(1025, null);
            table.set(1026, true);
            table.set(1027, false);
        },
    };
    return {
        __proto__: null,
        "./wallet_bg.js": import0,
    };
}

const ActivationDraftFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_activationdraft_free(ptr, 1));
const AnswerDraftFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_answerdraft_free(ptr, 1));
const OpenedQuestionFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_openedquestion_free(ptr, 1));
const PendingCodeFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_pendingcode_free(ptr, 1));
const PreparedRequestFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_preparedrequest_free(ptr, 1));
const RenewalDraftFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_renewaldraft_free(ptr, 1));
const ShownCodeFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_showncode_free(ptr, 1));
const SignableCodeFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_signablecode_free(ptr, 1));
const UnsentRequestFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_unsentrequest_free(ptr, 1));
const WalletFinalization = (typeof FinalizationRegistry === 'undefined')
    ? { register: () => {}, unregister: () => {} }
    : new FinalizationRegistry(ptr => wasm.__wbg_wallet_free(ptr, 1));

function addToExternrefTable0(obj) {
    const idx = wasm.__externref_table_alloc();
    wasm.__wbindgen_externrefs.set(idx, obj);
    return idx;
}

function _assertClass(instance, klass) {
    if (!(instance instanceof klass)) {
        throw new Error(`expected instance of ${klass.name}`);
    }
}

function getArrayU8FromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return getUint8ArrayMemory0().subarray(ptr / 1, ptr / 1 + len);
}

function getStringFromWasm0(ptr, len) {
    ptr = ptr >>> 0;
    return decodeText(getUint8ArrayMemory0().subarray(ptr, ptr + len));
}

let cachedUint8ArrayMemory0 = null;
function getUint8ArrayMemory0() {
    if (cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0) {
        cachedUint8ArrayMemory0 = new Uint8Array(wasm.memory.buffer);
    }
    return cachedUint8ArrayMemory0;
}

function handleError(f, args) {
    try {
        return f.apply(this, args);
    } catch (e) {
        const idx = addToExternrefTable0(e);
        wasm.__wbindgen_exn_store(idx);
    }
}

function passArray8ToWasm0(arg, malloc) {
    const ptr = malloc(arg.length * 1, 1) >>> 0;
    getUint8ArrayMemory0().set(arg, ptr / 1);
    WASM_VECTOR_LEN = arg.length;
    return ptr;
}

function passStringToWasm0(arg, malloc, realloc) {
    if (realloc === undefined) {
        const buf = cachedTextEncoder.encode(arg);
        const ptr = malloc(buf.length, 1) >>> 0;
        getUint8ArrayMemory0().subarray(ptr, ptr + buf.length).set(buf);
        WASM_VECTOR_LEN = buf.length;
        return ptr;
    }

    let len = arg.length;
    let ptr = malloc(len, 1) >>> 0;

    const mem = getUint8ArrayMemory0();

    let offset = 0;

    for (; offset < len; offset++) {
        const code = arg.charCodeAt(offset);
        if (code > 0x7F) break;
        mem[ptr + offset] = code;
    }
    if (offset !== len) {
        if (offset !== 0) {
            arg = arg.slice(offset);
        }
        ptr = realloc(ptr, len, len = offset + arg.length * 3, 1) >>> 0;
        const view = getUint8ArrayMemory0().subarray(ptr + offset, ptr + len);
        const ret = cachedTextEncoder.encodeInto(arg, view);

        offset += ret.written;
        ptr = realloc(ptr, len, offset, 1) >>> 0;
    }

    WASM_VECTOR_LEN = offset;
    return ptr;
}

function takeFromExternrefTable0(idx) {
    const value = wasm.__wbindgen_externrefs.get(idx);
    wasm.__externref_table_dealloc(idx);
    return value;
}

let cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
cachedTextDecoder.decode();
const MAX_SAFARI_DECODE_BYTES = 2146435072;
let numBytesDecoded = 0;
function decodeText(bytes) {
    numBytesDecoded += bytes.length;
    if (numBytesDecoded >= MAX_SAFARI_DECODE_BYTES) {
        cachedTextDecoder = new TextDecoder('utf-8', { ignoreBOM: true });
        cachedTextDecoder.decode();
        numBytesDecoded = bytes.length;
    }
    return cachedTextDecoder.decode(bytes);
}

const cachedTextEncoder = new TextEncoder();

if (!('encodeInto' in cachedTextEncoder)) {
    cachedTextEncoder.encodeInto = function (arg, view) {
        const buf = cachedTextEncoder.encode(arg);
        view.set(buf);
        return {
            read: arg.length,
            written: buf.length
        };
    };
}

let WASM_VECTOR_LEN = 0;

let wasmModule, wasmInstance, wasm;
function __wbg_finalize_init(instance, module) {
    wasmInstance = instance;
    wasm = instance.exports;
    wasmModule = module;
    cachedUint8ArrayMemory0 = null;
    wasm.__wbindgen_start();
    return wasm;
}

async function __wbg_load(module, imports) {
    if (typeof Response === 'function' && module instanceof Response) {
        if (!module.ok) {
            throw new Error(`failed to fetch Wasm: ${module.status} ${module.statusText} fetching '${module.url}'`);
        }

        if (typeof WebAssembly.instantiateStreaming === 'function') {
            try {
                return await WebAssembly.instantiateStreaming(module, imports);
            } catch (e) {
                const validResponse = expectedResponseType(module.type);

                if (validResponse && module.headers.get('Content-Type') !== 'application/wasm') {
                    console.warn("`WebAssembly.instantiateStreaming` failed because your server does not serve Wasm with `application/wasm` MIME type. Falling back to `WebAssembly.instantiate` which is slower. Original error:\n", e);

                } else { throw e; }
            }
        }

        const bytes = await module.arrayBuffer();
        return await WebAssembly.instantiate(bytes, imports);
    } else {
        const instance = await WebAssembly.instantiate(module, imports);

        if (instance instanceof WebAssembly.Instance) {
            return { instance, module };
        } else {
            return instance;
        }
    }

    function expectedResponseType(type) {
        switch (type) {
            case 'basic': case 'cors': case 'default': return true;
        }
        return false;
    }
}

function initSync(module) {
    if (wasm !== undefined) return wasm;


    if (module !== undefined) {
        if (Object.getPrototypeOf(module) === Object.prototype) {
            ({module} = module)
        } else {
            console.warn('using deprecated parameters for `initSync()`; pass a single object instead')
        }
    }

    const imports = __wbg_get_imports();
    if (!(module instanceof WebAssembly.Module)) {
        module = new WebAssembly.Module(module);
    }
    const instance = new WebAssembly.Instance(module, imports);
    return __wbg_finalize_init(instance, module);
}

let __wbg_init_promise;
async function __wbg_init(module_or_path) {
    if (wasm !== undefined) return wasm;
    if (__wbg_init_promise === undefined) {
        __wbg_init_promise = __wbg_init_once(module_or_path);
        __wbg_init_promise.catch(() => { __wbg_init_promise = undefined; });
    }
    return __wbg_init_promise;
}

async function __wbg_init_once(module_or_path) {

    if (module_or_path !== undefined) {
        if (Object.getPrototypeOf(module_or_path) === Object.prototype) {
            ({module_or_path} = module_or_path)
        } else {
            console.warn('using deprecated parameters for the initialization function; pass a single object instead')
        }
    }

    if (module_or_path === undefined) {
        module_or_path = new URL('wallet_bg.wasm', import.meta.url);
    }
    const imports = __wbg_get_imports();

    if (typeof module_or_path === 'string' || (typeof Request === 'function' && module_or_path instanceof Request) || (typeof URL === 'function' && module_or_path instanceof URL)) {
        module_or_path = fetch(module_or_path);
    }

    const { instance, module } = await __wbg_load(await module_or_path, imports);

    return __wbg_finalize_init(instance, module);
}

export { initSync, __wbg_init as default };
