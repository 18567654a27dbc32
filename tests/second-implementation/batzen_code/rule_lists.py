"""spec/rule-lists.md: lists of rules for sensors, and the way from one to a later one."""

import base64
import hashlib
import json
import re
from pathlib import Path

from .notation import Refused, context
from .signature import check_message
from .tally import Tally

KINDS = {
    "package": (1, r"[A-Za-z0-9._-]{1,128}"),
    "installer": (2, r"[A-Za-z0-9._-]{1,128}"),
    "path": (3, r"/[\x20-\x7e]{0,255}"),
    "sha256": (4, r"[0-9a-f]{64}"),
    "library": (5, r"[\x20-\x7e]{1,64}"),
    "thread": (6, r"[\x20-\x7e]{1,64}"),
    "port": (7, r"[1-9][0-9]{0,4}"),
}
MESSAGE_BYTES_MAX = 262_144
PAYLOAD_BYTES_MAX = 1_024
ENTRIES_MAX = 2_048
ENTRIES_BYTES_MAX = 65_536
ISSUED_AHEAD_MS_MAX = 300_000


def check_rule_lists(folder: Path, tally: Tally) -> None:
    for file in sorted(folder.glob("*.json")):
        vector = json.loads(file.read_text())
        try:
            got = hashlib.sha256(_taken(vector)).hexdigest()
            outcome = "ok"
        except Refused as refused:
            got, outcome = None, str(refused)
        tally.check(f"{file.name}: outcome", outcome, vector["expected"])
        tally.check(f"{file.name}: result", got, vector["result_hex"])


def _taken(vector: dict) -> bytes:
    """The bytes of the list that the phone has afterwards."""
    if vector["list"] is not None:
        message = _object(_read(vector["list"]), "head", "entries")
        _check_head(message["head"], vector)
        entries = message["entries"]
    else:
        message = _object(_read(vector["delta"]), "head", "from", "removed", "added")
        _check_head(message["head"], vector)
        entries = _apply(json.loads(vector["kept"]), message)
    _check_entries(entries)
    if _payload(message["head"])["entries_digest"] != _base64url(_digest(entries)):
        raise Refused("digest_mismatch")
    head = {name: message["head"][name] for name in ("payload", "signature", "key")}
    ordered = [{name: entry[name] for name in ("id", "kind", "value")} for entry in entries]
    return json.dumps({"head": head, "entries": ordered}, separators=(",", ":"), ensure_ascii=False).encode()


def _read(text: str) -> object:
    if len(text.encode()) > MESSAGE_BYTES_MAX:
        raise Refused("size")
    try:
        message = json.loads(text)
    except ValueError:
        raise Refused("malformed") from None
    for entry in message.get("entries", message.get("added", [])):
        _object(entry, "id", "kind", "value")
        if entry["kind"] not in KINDS or type(entry["id"]) is not int or not 0 <= entry["id"] < 2**32:
            raise Refused("malformed")
    _object(message["head"], "payload", "signature", "key")
    return message


def _object(value: object, *names: str) -> dict:
    if not isinstance(value, dict) or set(value) != set(names):
        raise Refused("malformed")
    return value


def _check_head(head: dict, vector: dict) -> None:
    payload, signature = _bytes(head["payload"]), _bytes(head["signature"])
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise Refused("size")
    public = bytes.fromhex(vector["rule_public_hex"])
    if head["key"] != hashlib.sha256(public).hexdigest()[:16]:
        raise Refused("key_unknown")
    check_message(public, context("batzen/rule-list/v1", vector["realm"]) + payload, signature)
    said = _payload(head)
    if said["realm"] != vector["realm"]:
        raise Refused("realm_mismatch")
    if not said["issued_at_ms"] - ISSUED_AHEAD_MS_MAX <= vector["at_ms"] < said["expires_at_ms"]:
        raise Refused("expired")
    if said["list_version"] < vector["last_version"]:
        raise Refused("rolled_back")


def _payload(head: dict) -> dict:
    said = json.loads(_bytes(head["payload"]))
    if said.get("version") != 1:
        raise Refused("version_unsupported")
    names = ("version", "realm", "list_version", "issued_at_ms", "expires_at_ms", "entries_digest")
    _object(said, *names)
    good = 1 <= said["list_version"] < 2**32 and said["issued_at_ms"] < said["expires_at_ms"]
    if not good or len(_bytes(said["entries_digest"])) != 32:
        raise Refused("malformed")
    return said


def _apply(kept: dict, delta: dict) -> list:
    if _payload(kept["head"])["list_version"] != delta["from"]:
        raise Refused("digest_mismatch")
    entries = {entry["id"]: entry for entry in kept["entries"]}
    for number in delta["removed"]:
        if entries.pop(number, None) is None:
            raise Refused("digest_mismatch")
    for entry in delta["added"]:
        if entries.setdefault(entry["id"], entry) is not entry:
            raise Refused("digest_mismatch")
    return [entries[number] for number in sorted(entries)]


def _check_entries(entries: list) -> None:
    size = sum(7 + len(entry["value"].encode()) for entry in entries)
    if len(entries) > ENTRIES_MAX or size > ENTRIES_BYTES_MAX:
        raise Refused("size")
    numbers = [entry["id"] for entry in entries]
    things = [(entry["kind"], entry["value"]) for entry in entries]
    rises = all(a < b for a, b in zip([0, *numbers], numbers))
    if not rises or len(set(things)) != len(things) or not all(map(_fits, entries)):
        raise Refused("malformed")


def _fits(entry: dict) -> bool:
    _, form = KINDS[entry["kind"]]
    fits = re.fullmatch(form, entry["value"]) is not None
    return fits and (entry["kind"] != "port" or int(entry["value"]) <= 65_535)


def _digest(entries: list) -> bytes:
    hashed = hashlib.sha256(b"batzen/rule-entries/v1\0")
    for entry in entries:
        value = entry["value"].encode()
        hashed.update(entry["id"].to_bytes(4, "big") + bytes([KINDS[entry["kind"]][0]]))
        hashed.update(len(value).to_bytes(2, "big") + value)
    return hashed.digest()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
