"""Chapter 9: what the server checks once a code is open, in its order, and what it writes down.

`context` is the vectors' dictionary of what the server knows (chapter 11).
"""

from .code import Opened, Recipient, check_code_signature, pin_tag_is_right
from .notation import Refused

AGE_S_MAX = 120
AGE_S_MIN = -30
CLONE_WINDOW_S = 150


def verify(
    opened: Opened, recipient: Recipient, device_public: bytes, pin_keys: dict[int, bytes], context: dict
) -> tuple[str, dict]:
    """The verdict, and the enrolment's highest counter, PIN failures and state afterwards."""
    after = {name: context[name] for name in ("highest_counter", "pin_failures", "state")}
    try:
        _check_origin(opened, recipient, device_public, context)
        _check_counter(opened, context)
    except Refused as refusal:
        if refusal.verdict == "counter_fork":
            after["state"] = _state_after_fork(opened, context)
        return refusal.verdict, after
    # From here on the counter is consumed, whatever the verdict.
    after["highest_counter"] = opened.fields.counter
    try:
        _check_enrolment(context)
        _check_time(opened, context)
        _check_pin(opened, pin_keys, context, after)
        _check_payment(opened, context)
    except Refused as refusal:
        return refusal.verdict, after
    return "ok", after


def _check_origin(opened: Opened, recipient: Recipient, device_public: bytes, context: dict) -> None:
    if opened.fields.enrolment != context["enrolment"]:
        raise Refused("unknown_enrolment")
    check_code_signature(opened, recipient, device_public)


def _check_counter(opened: Opened, context: dict) -> None:
    consumed = _consumed(opened, context)
    if consumed is not None:
        same = consumed["code_hash_hex"] == opened.code_hash.hex()
        raise Refused("counter_used" if same else "counter_fork")
    if opened.fields.counter <= context["highest_counter"]:
        raise Refused("counter_behind")


def _consumed(opened: Opened, context: dict) -> dict | None:
    return next((entry for entry in context["consumed"] if entry["counter"] == opened.fields.counter), None)


def _state_after_fork(opened: Opened, context: dict) -> str:
    if context["state"] == "locked":
        return "locked"
    since_s = context["now_s"] - _consumed(opened, context)["consumed_s"]
    # The vectors do not count forks: an enrolment that waits for a resync there has had its first.
    first = context["state"] != "unsynchronised"
    return "unsynchronised" if first and since_s > CLONE_WINDOW_S else "locked"


def _check_enrolment(context: dict) -> None:
    if context["state"] == "locked":
        raise Refused("enrolment_locked")
    if context["state"] == "unsynchronised":
        raise Refused("enrolment_unsynchronised")
    if context["certificate_expires_s"] <= context["now_s"]:
        raise Refused("certificate_expired")
    if context.get("app_blocked", False):
        raise Refused("app_blocked")


def _check_time(opened: Opened, context: dict) -> None:
    age_s = context["now_s"] - (opened.fields.device_time_s - context["clock_offset_s"])
    if age_s > AGE_S_MAX:
        raise Refused("too_old")
    if age_s < AGE_S_MIN:
        raise Refused("too_new")


def _check_pin(opened: Opened, pin_keys: dict[int, bytes], context: dict, after: dict) -> None:
    """Leaves the failures, and the lock that follows from them, in `after`."""
    current = context["pin_generation"]
    generation = _pin_generation(opened.fields.pin_generation_bits, context)
    right = pin_tag_is_right(opened, pin_keys[generation])
    if right and generation == current:
        after["pin_failures"] = 0
    if not right:
        if generation == current:
            after["pin_failures"] += 1
            if after["pin_failures"] >= context["policy"]["pin_failures_max"]:
                after["state"] = "locked"
        raise Refused("wrong_pin")


def _pin_generation(bits: int, context: dict) -> int:
    current, previous_until_s = context["pin_generation"], context["previous_pin_until_s"]
    if bits == current % 4:
        return current
    previous_is_valid = current > 1 and previous_until_s is not None and context["now_s"] <= previous_until_s
    if previous_is_valid and bits == (current - 1) % 4:
        return current - 1
    raise Refused("unknown_pin_generation")


def _check_payment(opened: Opened, context: dict) -> None:
    fields, payment, policy = opened.fields, context["payment"], context["policy"]
    method = next((method for method in context["methods"] if method["slot"] == fields.method), None)
    if method is None:
        raise Refused("method_unknown")
    if method["state"] == "removed":
        raise Refused("method_removed")
    if method["state"] != "proved":
        raise Refused("method_unproved")
    if payment["currency"] != method["currency"]:
        raise Refused("currency_mismatch")
    if payment["amount_minor"] > fields.cap_minor:
        raise Refused("cap_exceeded")
    if fields.terminal not in (0, payment["terminal"]):
        raise Refused("wrong_terminal")
    if fields.claimed_evidence & policy["evidence_refused"]:
        raise Refused("evidence_refused")
    if payment["amount_minor"] > policy["amount_minor_max"]:
        raise Refused("limit_exceeded")
    if context["now_s"] - context["last_online_s"] > policy["offline_s_max"]:
        raise Refused("offline_too_long")
