"""Chapters 3 and 7: the 147 bytes, made and opened."""

from dataclasses import dataclass

from . import hpke
from .fields import FIELDS_BYTES, Fields, read_fields
from .kem import SUITES, Suite
from .notation import LABEL_SEAL, Refused, len8, sha256, u8, u16
from .pin import PIN_TAG_BYTES, derive_pin_tag
from .signature import check_signature, sign, signed_message

CODE_BYTES = 147
HEADER_END = 3
ENC_END = 35


@dataclass(frozen=True)
class Recipient:
    """The server that a code is presented to, with its one live key."""

    realm: str
    key_id: int
    suite: Suite
    private: bytes

    @property
    def public(self) -> bytes:
        return self.suite.public_key(self.private)


@dataclass(frozen=True)
class Opened:
    """A code that was unsealed and whose fields could be read; nothing in it is proved yet."""

    header: bytes
    enc: bytes
    fields_octets: bytes
    fields: Fields
    pin_tag: bytes
    signature: bytes
    code_hash: bytes


def header_of(key_id: int, version_and_suite: int) -> bytes:
    return u8(version_and_suite) + u16(key_id)


def make_plaintext(
    realm: str, recipient_public: bytes, header: bytes, enc: bytes, fields: bytes, pin_key: bytes, device_private: bytes
) -> bytes:
    """Step 2 of making: fields, PIN tag, signature."""
    pin_tag = derive_pin_tag(pin_key, header, enc, fields)
    message = signed_message(realm, recipient_public, header, enc, fields, pin_tag)
    return fields + pin_tag + sign(device_private, message)


def seal_code(
    suite: Suite, realm: str, recipient_public: bytes, header: bytes, ephemeral_private: bytes, plaintext: bytes
) -> bytes:
    """Steps 1, 3 and 4 of making."""
    shared = suite.encap(recipient_public, ephemeral_private)
    return seal_code_with(suite, shared, realm, header, suite.enc(ephemeral_private), plaintext)


def seal_code_with(suite: Suite, shared: bytes, realm: str, header: bytes, enc: bytes, plaintext: bytes) -> bytes:
    return header + enc + hpke.seal(suite, shared, _info(realm), header, plaintext)


def open_code(code: bytes, recipient: Recipient) -> Opened:
    header, enc, plaintext = unseal_code(code, recipient)
    fields_octets, rest = plaintext[:FIELDS_BYTES], plaintext[FIELDS_BYTES:]
    return Opened(
        header=header,
        enc=enc,
        fields_octets=fields_octets,
        fields=read_fields(fields_octets),
        pin_tag=rest[:PIN_TAG_BYTES],
        signature=rest[PIN_TAG_BYTES:],
        code_hash=sha256(code),
    )


def unseal_code(code: bytes, recipient: Recipient) -> tuple[bytes, bytes, bytes]:
    """Steps 1 to 3 of opening: header, enc, plaintext."""
    if len(code) != CODE_BYTES:
        raise Refused("wrong_length")
    header, enc, sealed = code[:HEADER_END], code[HEADER_END:ENC_END], code[ENC_END:]
    if header[0] not in (suite.version_and_suite for suite in SUITES.values()):
        raise Refused("unsupported_version")
    suite = recipient.suite
    if header != header_of(recipient.key_id, suite.version_and_suite):
        raise Refused("unknown_key")
    shared = suite.decap(enc, recipient.private)
    return header, enc, hpke.open_sealed(suite, shared, _info(recipient.realm), header, sealed)


def check_code_signature(opened: Opened, recipient: Recipient, device_public: bytes) -> None:
    message = signed_message(
        recipient.realm, recipient.public, opened.header, opened.enc, opened.fields_octets, opened.pin_tag
    )
    check_signature(device_public, message, opened.signature)


def pin_tag_is_right(opened: Opened, pin_key: bytes) -> bool:
    # Not in constant time, as a server must: here nobody is listening.
    return opened.pin_tag == derive_pin_tag(pin_key, opened.header, opened.enc, opened.fields_octets)


def _info(realm: str) -> bytes:
    return LABEL_SEAL + len8(realm.encode())
