"""Chapter 11: opens every vector as its server would, and makes the honest ones again."""

import json
from pathlib import Path

from .code import (
    CODE_BYTES,
    Opened,
    Recipient,
    header_of,
    make_plaintext,
    open_code,
    seal_code,
)
from .envelope import EnvelopeProfile, write_envelope
from .fields import Fields, read_fields
from .forms import SPACE, read_text, write_digits
from .kem import SUITES
from .notation import Refused, sha256
from .pin import derive_pin_key
from .signature import device_public_key
from .tally import Tally
from .verification import verify

# How many there are today: fewer would mean that some were not found.
VECTORS_MIN = 214

TEXT_VERDICTS = {"not_digits", "wrong_length", "wrong_scheme", "wrong_check_digits", "group_out_of_range"}
# With these verdicts the code did not arrive as an honest maker makes it.
STRAYED_VERDICTS = {"unsupported_version", "unknown_key", "not_for_us", "bad_signature"}


def check_vectors(folder: Path, tally: Tally) -> None:
    paths = sorted(folder.glob("*.json"))
    tally.check(f"at least {VECTORS_MIN} vectors in {folder}", len(paths) >= VECTORS_MIN, True)
    for path in paths:
        vector = json.loads(path.read_text(encoding="utf-8"))
        tally.check(f"{path.name}: named after its file", vector["name"], path.stem)
        _check_material(vector, tally)
        _check_verdict(vector, tally)
        _check_forms(vector, tally)
        _check_remade(vector, tally)


def _check_material(vector: dict, tally: Tally) -> None:
    name = vector["name"]
    recipient_public = _recipient(vector).public
    tally.check(f"{name}: recipient_public_hex", recipient_public.hex(), vector["recipient_public_hex"])
    device_public = device_public_key(_octets(vector, "device_private_hex"))
    tally.check(f"{name}: device_public_hex", device_public.hex(), vector["device_public_hex"])
    tally.check(f"{name}: fields", _named_fields(_octets(vector, "fields_hex")), vector["fields"])
    code = _octets(vector, "code_hex")
    code_hash = sha256(code).hex() if len(code) == CODE_BYTES else None
    tally.check(f"{name}: code_hash_hex", code_hash, vector["code_hash_hex"])


def _check_verdict(vector: dict, tally: Tally) -> None:
    name, context = vector["name"], vector["context"]
    pin_keys = {int(generation): bytes.fromhex(key) for generation, key in vector["pin_keys"].items()}
    after = {key: context[key] for key in ("highest_counter", "pin_failures", "state")}
    opened: Opened | None = None
    try:
        opened = open_code(_presented(vector), _recipient(vector))
        device_public = _octets(vector, "device_public_hex")
        verdict, after = verify(opened, _recipient(vector), device_public, pin_keys, context)
    except Refused as refusal:
        verdict = refusal.verdict
    tally.check(f"{name}: verdict", verdict, vector["expected"])
    tally.check(f"{name}: after", after, vector["after"])
    if opened is not None and verdict != "bad_signature":
        # What the device signed is what the server reads.
        tally.check(f"{name}: opened fields", opened.fields.named(), vector["fields"])


def _check_forms(vector: dict, tally: Tally) -> None:
    """Text that is not wrong by design is what we would write for the same code."""
    name, code, profile = vector["name"], _octets(vector, "code_hex"), _profile(vector)
    if len(code) != CODE_BYTES:
        tally.check(f"{name}: no text for these bytes", (vector["digits"], vector["emv_cpm"]), (None, None))
        return
    if not (vector["presented_as"] == "digits" and vector["expected"] in TEXT_VERDICTS):
        tally.check(f"{name}: digits", write_digits(code), vector["digits"].strip(SPACE))
        tally.check(f"{name}: read from digits", read_text(vector["digits"], profile), code)
    if vector["emv_cpm"] is not None and profile is not None and vector["expected"] != "bad_envelope":
        tally.check(f"{name}: emv_cpm", write_envelope(code, profile), vector["emv_cpm"])
        tally.check(f"{name}: read from emv_cpm", read_text(vector["emv_cpm"], profile), code)


def _check_remade(vector: dict, tally: Tally) -> None:
    code = _octets(vector, "code_hex")
    if vector["expected"] in STRAYED_VERDICTS or len(code) != CODE_BYTES:
        return
    realm, suite = vector["realm"], SUITES[vector["suite"]]
    header = header_of(vector["key_id"], suite.version_and_suite)
    recipient_public = _octets(vector, "recipient_public_hex")
    ephemeral_private = _octets(vector, "ephemeral_private_hex")
    plaintext = make_plaintext(
        realm,
        recipient_public,
        header,
        suite.enc(ephemeral_private),
        _octets(vector, "fields_hex"),
        derive_pin_key(vector["pin"], _octets(vector, "pin_secret_hex")),
        _octets(vector, "device_private_hex"),
    )
    remade = seal_code(suite, realm, recipient_public, header, ephemeral_private, plaintext)
    tally.check(f"{vector['name']}: remade", remade.hex(), code.hex())
    if vector["fields"] is not None:
        named = Fields(**vector["fields"]).to_bytes()
        tally.check(f"{vector['name']}: fields written", named.hex(), vector["fields_hex"])


def _presented(vector: dict) -> bytes:
    if vector["presented_as"] == "bytes":
        return _octets(vector, "code_hex")
    return read_text(vector[vector["presented_as"]], _profile(vector))


def _recipient(vector: dict) -> Recipient:
    suite = SUITES[vector["suite"]]
    return Recipient(vector["realm"], vector["key_id"], suite, _octets(vector, "recipient_private_hex"))


def _profile(vector: dict) -> EnvelopeProfile | None:
    """None where the realm does not allow the envelope."""
    profile = vector["emv_profile"]
    if profile is None:
        return None
    label, constant_5a = profile["label"], profile["constant_5a_hex"]
    return EnvelopeProfile(
        application_id=_octets(profile, "application_id_hex"),
        label=None if label is None else label.encode("ascii"),
        constant_5a=None if constant_5a is None else bytes.fromhex(constant_5a),
    )


def _named_fields(octets: bytes) -> dict | None:
    try:
        return read_fields(octets).named()
    except Refused:
        return None


def _octets(entry: dict, key: str) -> bytes:
    return bytes.fromhex(entry[key])
