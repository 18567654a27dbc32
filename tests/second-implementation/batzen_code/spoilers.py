"""Ways in which a code goes wrong, each with the verdict that the text gives it.

A spoiler takes a fresh making and gives the request to be judged.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from .code import CODE_BYTES, ENC_END, HEADER_END, Recipient, header_of, make_plaintext, seal_code_with
from .fields import FIELDS_BYTES
from .forms import DIGITS, SCHEME, with_check_digits, write_digits
from .kem import FIELD, SUITES, P256, negated
from .notation import Refused, integer, u16
from .pin import PIN_TAG_BYTES
from .random_codes import Making, draw_private, draw_realm
from .signature import ORDER, signature_bytes

SIGNATURE_AT = FIELDS_BYTES + PIN_TAG_BYTES
TERMINAL_AT = 20
# A point of order 8 (RFC 7748 curve): every X25519 result with it is zero.
SMALL_ORDER = bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")


# --- the text ---


def letter_in_text(rng: Random, making: Making) -> dict:
    digits, at = write_digits(making.code()), rng.randrange(DIGITS)
    return making.request_with_text(digits[:at] + rng.choice("OlI-+_,.") + digits[at + 1 :])


def foreign_digit(rng: Random, making: Making) -> dict:
    """One digit is the same digit in another script."""
    digits, at = write_digits(making.code()), rng.randrange(DIGITS)
    return making.request_with_text(digits[:at] + _foreign(rng, digits[at]) + digits[at + 1 :])


def foreign_digits(rng: Random, making: Making) -> dict:
    """365 characters, but more than 512 bytes."""
    return making.request_with_text(_foreign(rng, write_digits(making.code())))


def foreign_space(rng: Random, making: Making) -> dict:
    """A space that is not one of the four which a reader takes off."""
    return making.request_with_text(write_digits(making.code()) + rng.choice("\u00a0\x0b\x0c\u2028\ufeff"))


def digit_lost(rng: Random, making: Making) -> dict:
    digits, at = write_digits(making.code()), rng.randrange(DIGITS)
    return making.request_with_text(digits[:at] + digits[at + 1 :])


def text_of_513(_rng: Random, making: Making) -> dict:
    return making.request_with_text("x" * 513)


def text_of_512(_rng: Random, making: Making) -> dict:
    return making.request_with_text("\t" + "x" * 512 + "\r\n")


def other_scheme(rng: Random, making: Making) -> dict:
    scheme = rng.choice([number for number in range(10000) if f"{number:04}" != SCHEME])
    return making.request_with_text(with_check_digits(f"{scheme:04}" + write_digits(making.code())[4:-4]))


def digit_misread(rng: Random, making: Making) -> dict:
    digits = write_digits(making.code())
    while True:
        at = rng.randrange(len(SCHEME), DIGITS)
        misread = digits[:at] + rng.choice("0123456789") + digits[at + 1 :]
        # One misreading in ten thousand has the same check digits.
        if misread != with_check_digits(misread[:-4]):
            return making.request_with_text(misread)


def group_out_of_range(rng: Random, making: Making) -> dict:
    digits, at = write_digits(making.code()), len(SCHEME) + 17 * rng.randrange(21)
    group = rng.choice((1 << 56, 10**17 - 1, rng.randrange(1 << 56, 10**17)))
    return making.request_with_text(with_check_digits(digits[:at] + f"{group:017}" + digits[at + 17 : -4]))


# --- the bytes ---


def version_altered(rng: Random, making: Making) -> dict:
    return making.request(bytes([rng.choice([n for n in range(256) if n not in (0x11, 0x12)])]) + making.code()[1:])


def version_made(rng: Random, making: Making) -> dict:
    version_and_suite = rng.choice((0x10, 0x13, 0x21, 0x22, 0x01))
    return making.request(replace(making, header=header_of(making.recipient.key_id, version_and_suite)).code())


def suite_altered(_rng: Random, making: Making) -> dict:
    return making.request(bytes([_other_suite(making)]) + making.code()[1:])


def suite_made(_rng: Random, making: Making) -> dict:
    header = header_of(making.recipient.key_id, _other_suite(making))
    return making.request(replace(making, header=header).code())


def key_id_altered(rng: Random, making: Making) -> dict:
    other = making.recipient.key_id ^ rng.randint(1, 0xFFFF)
    code = making.code()
    return making.request(code[:1] + u16(other) + code[HEADER_END:])


def key_id_taken_over(rng: Random, making: Making) -> dict:
    """Made for another key id and altered, on the way, to the live one."""
    other = making.recipient.key_id ^ rng.randint(1, 0xFFFF)
    code = replace(making, header=header_of(other, making.recipient.suite.version_and_suite)).code()
    return making.request(making.header + code[HEADER_END:])


def bit_altered_in_enc(rng: Random, making: Making) -> dict:
    return making.request(_flip_bit(rng, making.code(), HEADER_END, ENC_END))


def bit_altered_in_sealed(rng: Random, making: Making) -> dict:
    return making.request(_flip_bit(rng, making.code(), ENC_END, CODE_BYTES))


def enc_of_small_order(rng: Random, making: Making) -> dict:
    """In suite 2 these are numbers like others."""
    return _with_enc(making, rng.choice((SMALL_ORDER, bytes(32))))


def enc_on_no_point(rng: Random, making: Making) -> dict:
    """In suite 2 half of all numbers are no point's x; in suite 1 it is just another enc."""
    while True:
        enc = rng.randbytes(32)
        try:
            P256.point(enc)
        except Refused:
            return _with_enc(making, enc)


def enc_not_reduced(rng: Random, making: Making) -> dict:
    """In suite 2: x + p, for an x that is on a point."""
    return _with_enc(making, (FIELD + rng.choice((0, 5, 6, 8))).to_bytes(32, "big"))


def other_point_in_kem(_rng: Random, making: Making) -> dict:
    """The point with odd y stands in the KEM. In suite 1, where there is no such: the recipient's key."""
    recipient = making.recipient
    point = negated(P256.point(making.enc)) if recipient.suite.group is P256 else recipient.public
    return _with_point_in_kem(making, point)


def enc_alone_in_kem(_rng: Random, making: Making) -> dict:
    """The x alone stands in the KEM. In suite 1, where that would be right: a byte leads."""
    return _with_point_in_kem(making, making.enc if making.recipient.suite.group is P256 else b"\x04" + making.enc)


def other_recipient(rng: Random, making: Making) -> dict:
    code = making.code()
    return replace(making, recipient=replace(making.recipient, private=draw_private(rng))).request(code)


def other_realm(rng: Random, making: Making) -> dict:
    code = making.code()
    return replace(making, recipient=_with_other_realm(rng, making.recipient)).request(code)


# --- the fields ---


def field_malformed(rng: Random, making: Making) -> dict:
    fields = bytearray(making.fields)
    exponent = rng.randint(1, 15) << 12
    start, octets = rng.choice(
        (
            (6, bytes(4)),
            (14, bytes(1)),
            (15, bytes([fields[15] | rng.choice((1, 2, 3))])),
            (15, bytes([fields[15] & ~0x0C | rng.choice((0x08, 0x0C))])),
            (18, u16(0)),
            (18, u16(exponent)),
            (18, u16(exponent | rng.choice((1, 409)))),
        )
    )
    fields[start : start + len(octets)] = octets
    return making.request(replace(making, fields=bytes(fields)).code())


# --- the signature ---


def terminal_altered_after_signing(rng: Random, making: Making) -> dict:
    return making.request(making.seal(_flip_bit(rng, making.plaintext(), TERMINAL_AT, FIELDS_BYTES)))


def pin_tag_altered_after_signing(rng: Random, making: Making) -> dict:
    return making.request(making.seal(_flip_bit(rng, making.plaintext(), FIELDS_BYTES, SIGNATURE_AT)))


def signature_altered(rng: Random, making: Making) -> dict:
    return making.request(making.seal(_flip_bit(rng, making.plaintext(), SIGNATURE_AT, SIGNATURE_AT + 64)))


def signature_form(rng: Random, making: Making) -> dict:
    plaintext = making.plaintext()
    r, s = integer(plaintext[SIGNATURE_AT : SIGNATURE_AT + 32]), integer(plaintext[SIGNATURE_AT + 32 :])
    refused = rng.choice(((r, ORDER - s), (0, s), (r, 0), (ORDER, s), (r, ORDER), (0, 0), (2**256 - 1, s)))
    return making.request(making.seal(plaintext[:SIGNATURE_AT] + signature_bytes(*refused)))


def sealed_again(rng: Random, making: Making) -> dict:
    """The same plaintext under another enc."""
    return making.request(replace(making, ephemeral_private=draw_private(rng)).seal(making.plaintext()))


def other_device(rng: Random, making: Making) -> dict:
    return making.request(replace(making, device_private=draw_private(rng)).code())


def signed_for_other_server(rng: Random, making: Making) -> dict:
    """Signed for another realm or another key, then sealed to this server."""
    other = rng.choice((_with_other_realm(rng, making.recipient), replace(making.recipient, private=draw_private(rng))))
    plaintext = make_plaintext(
        other.realm, other.public, making.header, making.enc, making.fields, making.pin_key, making.device_private
    )
    return making.request(making.seal(plaintext))


# --- the PIN ---


def other_pin(rng: Random, making: Making) -> dict:
    return making.request(replace(making, pin_key=rng.randbytes(32)).code())


def _other_suite(making: Making) -> int:
    (other,) = (suite for suite in SUITES.values() if suite is not making.recipient.suite)
    return other.version_and_suite


def _with_enc(making: Making, enc: bytes) -> dict:
    code = making.code()
    return making.request(code[:HEADER_END] + enc + code[ENC_END:])


def _with_point_in_kem(making: Making, point: bytes) -> dict:
    recipient, suite = making.recipient, making.recipient.suite
    dh = suite.group.agree(making.ephemeral_private, recipient.public)
    shared = suite.shared_secret(dh, point, recipient.public)
    code = seal_code_with(suite, shared, recipient.realm, making.header, making.enc, making.plaintext())
    return making.request(code)


def _foreign(rng: Random, digits: str) -> str:
    zero = ord(rng.choice("\u0660\u0966\uff10\U0001d7ce"))
    return "".join(chr(zero + int(digit)) for digit in digits)


def _with_other_realm(rng: Random, recipient: Recipient) -> Recipient:
    while True:
        realm = rng.choice((draw_realm(rng), recipient.realm[:-1], (recipient.realm + "a")[:32]))
        if realm not in ("", recipient.realm):
            return replace(recipient, realm=realm)


def _flip_bit(rng: Random, octets: bytes, start: int, end: int) -> bytes:
    flipped = bytearray(octets)
    flipped[rng.randrange(start, end)] ^= 1 << rng.randrange(8)
    return bytes(flipped)


SPOILERS: list[tuple[Callable[[Random, Making], dict], str]] = [
    (letter_in_text, "not_digits"),
    (foreign_digit, "not_digits"),
    (foreign_digits, "wrong_length"),
    (foreign_space, "not_digits"),
    (digit_lost, "wrong_length"),
    (text_of_513, "wrong_length"),
    (text_of_512, "not_digits"),
    (other_scheme, "wrong_scheme"),
    (digit_misread, "wrong_check_digits"),
    (group_out_of_range, "group_out_of_range"),
    (version_altered, "unsupported_version"),
    (version_made, "unsupported_version"),
    (suite_altered, "unknown_key"),
    (suite_made, "unknown_key"),
    (key_id_altered, "unknown_key"),
    (key_id_taken_over, "not_for_us"),
    (bit_altered_in_enc, "not_for_us"),
    (bit_altered_in_sealed, "not_for_us"),
    (enc_of_small_order, "not_for_us"),
    (enc_on_no_point, "not_for_us"),
    (enc_not_reduced, "not_for_us"),
    (other_point_in_kem, "not_for_us"),
    (enc_alone_in_kem, "not_for_us"),
    (other_recipient, "not_for_us"),
    (other_realm, "not_for_us"),
    (field_malformed, "malformed_fields"),
    (terminal_altered_after_signing, "bad_signature"),
    (pin_tag_altered_after_signing, "bad_signature"),
    (signature_altered, "bad_signature"),
    (signature_form, "bad_signature"),
    (sealed_again, "bad_signature"),
    (other_device, "bad_signature"),
    (signed_for_other_server, "bad_signature"),
    (other_pin, "wrong_pin"),
]
