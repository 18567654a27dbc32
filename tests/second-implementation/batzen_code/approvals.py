"""spec/approval.md: a question to a phone, and the answer, as phone and server judge them."""

import base64
import json
import re
from pathlib import Path

from .hpke import open_sealed
from .kem import SUITES
from .notation import Refused, context, hmac_sha256, integer, sha256, u8, u32
from .signature import check_message
from .tally import Tally

HEADER_END, ENC_END = 3, 35
SIGNATURE_BYTES, TAG_BYTES = 64, 16
JSON_BYTES_MAX = 2_048
TEXT_CHARACTERS_MAX = 64
VERSION_AND_SUITE = 0x11
CURRENCIES = ("CHF", "EUR")
OPTIONAL = {"amount_minor", "currency", "payee", "text", "terminal"}
REQUIRED = {"version", "id", "kind", "asked_at_ms", "expires_at_ms"}
DECISIONS = {"approve": 1, "refuse": 2}
TO_APPROVE = 3
# Damm's quasigroup of order 10: the interim digit that follows from the one before and the next digit.
DAMM = (
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
)


def check_approvals(folder: Path, tally: Tally) -> None:
    for file in sorted(folder.glob("*.json")):
        vector = json.loads(file.read_text())
        try:
            question = _open(vector)
            tally.check(f"{file.name}: question", question.decode(), vector["question"])
            if vector["answer"] is not None:
                _take(vector, vector["answer"].encode(), sha256(question))
            outcome = "ok"
        except Refused as refused:
            outcome = refused.verdict
        tally.check(f"{file.name}: outcome", outcome, vector["expected"])


def _open(vector: dict) -> bytes:
    """The question's JSON, on the phone."""
    sealed = bytes.fromhex(vector["sealed_hex"])
    if not 0 <= len(sealed) - ENC_END - SIGNATURE_BYTES - TAG_BYTES <= JSON_BYTES_MAX:
        raise Refused("size")
    header, enc, ciphertext = sealed[:HEADER_END], sealed[HEADER_END:ENC_END], sealed[ENC_END:]
    if header[0] != VERSION_AND_SUITE:
        raise Refused("version_unsupported")
    if integer(header[1:]) != vector["key_id"]:
        raise Refused("key_unknown")
    suite, private = SUITES[1], bytes.fromhex(vector["recipient_private_hex"])
    info = context("batzen/approval/v1/seal", vector["realm"])
    try:
        content = open_sealed(suite, suite.decap(enc, private), info, header, ciphertext)
    except Refused:
        raise Refused("unopenable") from None
    question, signature = content[:-SIGNATURE_BYTES], content[-SIGNATURE_BYTES:]
    own = sha256(bytes.fromhex(vector["recipient_public_hex"]))
    signed = context("batzen/approval/v1/signature", vector["realm"]) + own + header + enc + question
    check_message(bytes.fromhex(vector["signing_public_hex"]), signed, signature)
    _check_question(_object(question))
    return question


def _object(text: bytes) -> dict:
    def once(pairs: list) -> dict:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice")
        return dict(pairs)

    try:
        value = json.loads(text.decode(), object_pairs_hook=once)
    except ValueError:
        raise Refused("malformed") from None
    if not isinstance(value, dict):
        raise Refused("malformed")
    return value


def _check_question(said: dict) -> None:
    if said.get("version") != 1:
        raise Refused("version_unsupported")
    about_money = said.get("kind") in ("payment", "transfer")
    good = (
        REQUIRED <= set(said) <= REQUIRED | OPTIONAL
        and re.fullmatch(r"apr_[0-9a-z]{26}", said["id"])
        and said["kind"] in ("payment", "transfer", "login", "other")
        and ("amount_minor" in said) == ("currency" in said)
        and (not about_money or (said.get("amount_minor", 0) > 0 and "payee" in said))
        and (said["kind"] != "other" or "text" in said)
        and said.get("currency", "CHF") in CURRENCIES
        and all(_is_shown(said[name]) for name in ("payee", "text") if name in said)
        and ("terminal" not in said or _is_label(said["terminal"]))
        and said["asked_at_ms"] < said["expires_at_ms"]
    )
    if not good:
        raise Refused("malformed")


def _is_shown(text: object) -> bool:
    """1 to 64 characters, no control, and none that reorders or breaks the line."""
    if not isinstance(text, str) or not 1 <= len(text) <= TEXT_CHARACTERS_MAX:
        return False
    return re.search("[\0-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]", text) is None


def _is_label(text: str) -> bool:
    """A till's number with its check digit, after Damm."""
    interim = 0
    for digit in text:
        interim = int(DAMM[interim][int(digit)])
    return interim == 0


def _take(vector: dict, text: bytes, question: bytes) -> None:
    """The answer, at the server."""
    if len(text) > JSON_BYTES_MAX:
        raise Refused("size")
    answer = _object(text)
    names = {"decision", "signature"}
    if not names <= set(answer) <= names | {"pin_proof"} or answer["decision"] not in DECISIONS:
        raise Refused("malformed")
    signature = _bytes(answer["signature"], SIGNATURE_BYTES)
    proof = answer.get("pin_proof")
    if "pin_proof" in answer and not isinstance(proof, dict):
        raise Refused("malformed")
    enrolment = bytes.fromhex(vector["enrolment"])
    decision = u8(DECISIONS[answer["decision"]])
    signed = context("batzen/approval/v1/answer", vector["realm"]) + enrolment + decision + question
    check_message(bytes.fromhex(vector["device_public_hex"]), signed, signature)
    if answer["decision"] == "refuse":
        return
    if proof is None:
        raise Refused("malformed")
    nonce, given = _bytes(proof["nonce"], 16), _bytes(proof["proof"], 32)
    message = context("batzen/pin-proof/v1", vector["realm"]) + enrolment + u32(proof["pin_generation"])
    key = bytes.fromhex(vector["pin_key_hex"])
    if hmac_sha256(key, message + u8(TO_APPROVE) + question + nonce) != given:
        raise Refused("wrong_pin")


def _bytes(text: object, length: int) -> bytes:
    """base64url without padding, of so many bytes."""
    if not isinstance(text, str) or re.fullmatch(r"[A-Za-z0-9_-]*", text) is None:
        raise Refused("malformed")
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if len(octets) != length:
        raise Refused("malformed")
    return octets
