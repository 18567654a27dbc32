"""Chapter 8, the EMV envelope: base64 of BER-TLV, by the realm's profile."""

import base64
import binascii
from dataclasses import dataclass

from .notation import Refused, u8

ENVELOPE_BEGINS = "hQVDUFY"
TEXT_BYTES_MAX = 512
CODE_BYTES = 147

TAG_FORMAT = b"\x85"
TAG_TEMPLATE = b"\x61"
TAG_APPLICATION = b"\x4f"
TAG_LABEL = b"\x50"
TAG_5A = b"\x5a"
TAG_CODE = b"\x63"
FORMAT = b"CPV01"


@dataclass(frozen=True)
class EnvelopeProfile:
    application_id: bytes
    label: bytes | None
    constant_5a: bytes | None

    def objects(self) -> list[tuple[bytes, bytes]]:
        """What stands in the template before the code, the same in every code."""
        all_objects = [(TAG_APPLICATION, self.application_id), (TAG_LABEL, self.label), (TAG_5A, self.constant_5a)]
        return [(tag, value) for tag, value in all_objects if value is not None]


def write_envelope(code: bytes, profile: EnvelopeProfile) -> str:
    objects = profile.objects() + [(TAG_CODE, code)]
    template = b"".join(_write_object(tag, value) for tag, value in objects)
    envelope = _write_object(TAG_FORMAT, FORMAT) + _write_object(TAG_TEMPLATE, template)
    return base64.b64encode(envelope).decode("ascii")


def read_envelope(text: str, profile: EnvelopeProfile) -> bytes:
    """`text` is trimmed. Every refusal is `bad_envelope`, so their order does not show."""
    outer = _read_objects(_read_base64(text))
    if [tag for tag, _ in outer] != [TAG_FORMAT, TAG_TEMPLATE] or outer[0][1] != FORMAT:
        raise Refused("bad_envelope")
    # The profile's objects, in its order, then one code: that leaves no room for a foreign,
    # a repeated or a missing object.
    *constant, last = _read_objects(outer[1][1]) or [(b"", b"")]
    tag, code = last
    if constant != profile.objects() or tag != TAG_CODE or len(code) != CODE_BYTES:
        raise Refused("bad_envelope")
    return code


def _read_base64(text: str) -> bytes:
    if len(text.encode("utf-8")) > TEXT_BYTES_MAX:
        raise Refused("bad_envelope")
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("bad_envelope") from None
    if base64.b64encode(octets).decode("ascii") != text:
        raise Refused("bad_envelope")
    return octets


def _read_objects(octets: bytes) -> list[tuple[bytes, bytes]]:
    objects, at = [], 0
    while at < len(octets):
        tag = _read_tag(octets, at)
        at += len(tag)
        length, at = _read_length(octets, at)
        if at + length > len(octets):
            raise Refused("bad_envelope")
        objects.append((tag, octets[at : at + length]))
        at += length
    return objects


def _read_tag(octets: bytes, at: int) -> bytes:
    if octets[at] == 0:
        raise Refused("bad_envelope")
    if octets[at] & 0x1F != 0x1F:
        return octets[at : at + 1]
    # The tag's number stands in the next byte: from 31 on, and with the high bit clear since it is the last.
    if at + 1 >= len(octets) or not 0x1F <= octets[at + 1] <= 0x7F:
        raise Refused("bad_envelope")
    return octets[at : at + 2]


def _read_length(octets: bytes, at: int) -> tuple[int, int]:
    """The length, and where its value begins. Longer forms than 81 xx hold nothing that fits a code's envelope."""
    if at >= len(octets):
        raise Refused("bad_envelope")
    if octets[at] < 0x80:
        return octets[at], at + 1
    if octets[at] != 0x81 or at + 1 >= len(octets) or octets[at + 1] < 0x80:
        raise Refused("bad_envelope")
    return octets[at + 1], at + 2


def _write_object(tag: bytes, value: bytes) -> bytes:
    length = u8(len(value)) if len(value) < 0x80 else b"\x81" + u8(len(value))
    return tag + length + value
