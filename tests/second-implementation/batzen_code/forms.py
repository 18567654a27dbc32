"""Chapter 8: the forms in which a code travels as text."""

import zlib

from .code import CODE_BYTES
from .envelope import EnvelopeProfile, ENVELOPE_BEGINS, read_envelope
from .notation import Refused, integer

SCHEME = "7501"
DIGITS = 365
CHECK_DIGITS = 4
GROUP_BYTES = 7
GROUP_DIGITS = 17
# Bytes of UTF-8.
TEXT_BYTES_MAX = 512
SPACE = " \t\r\n"


def read_text(text: str, profile: EnvelopeProfile | None) -> bytes:
    """From what a scanner typed to the bytes for step 1 of opening."""
    text = text.strip(SPACE)
    if profile is not None and text.startswith(ENVELOPE_BEGINS):
        return read_envelope(text, profile)
    return _read_digits(text)


def write_digits(code: bytes) -> str:
    groups = (code[start : start + GROUP_BYTES] for start in range(0, CODE_BYTES, GROUP_BYTES))
    return with_check_digits(SCHEME + "".join(f"{integer(group):0{GROUP_DIGITS}}" for group in groups))


def with_check_digits(digits: str) -> str:
    return digits + f"{zlib.crc32(digits.encode('ascii')) % 10**CHECK_DIGITS:0{CHECK_DIGITS}}"


def _read_digits(text: str) -> bytes:
    if len(text.encode("utf-8")) > TEXT_BYTES_MAX:
        raise Refused("wrong_length")
    if any(character not in "0123456789" for character in text):
        raise Refused("not_digits")
    if len(text) != DIGITS:
        raise Refused("wrong_length")
    if not text.startswith(SCHEME):
        raise Refused("wrong_scheme")
    body = text[:-CHECK_DIGITS]
    if with_check_digits(body) != text:
        raise Refused("wrong_check_digits")
    numbers = [int(body[at : at + GROUP_DIGITS]) for at in range(len(SCHEME), len(body), GROUP_DIGITS)]
    if any(number >= 1 << 8 * GROUP_BYTES for number in numbers):
        raise Refused("group_out_of_range")
    return b"".join(number.to_bytes(GROUP_BYTES, "big") for number in numbers)
