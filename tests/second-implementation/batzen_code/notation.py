"""Chapter 1: bytes, integers, labels, and the two hash constructions; and how a refusal is said."""

import hashlib
import hmac

LABEL_SEAL = b"batzen/payment-code/v1/seal"
LABEL_SIGNATURE = b"batzen/payment-code/v1/signature"
LABEL_PIN_TAG = b"batzen/payment-code/v1/pin-tag"
LABEL_PIN_KEY = b"batzen/pin-key/v1"


class Refused(Exception):
    """`Refuse with x`: stop, and the verdict is x, a name from chapter 10."""

    def __init__(self, verdict: str):
        super().__init__(verdict)
        self.verdict = verdict


def u8(number: int) -> bytes:
    return number.to_bytes(1, "big")


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def integer(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def len8(octets: bytes) -> bytes:
    return u8(len(octets)) + octets


def context(label: str, realm: str) -> bytes:
    """What stands before all that is signed or sealed in other messages than payment codes."""
    return label.encode() + len8(realm.encode())


def sha256(octets: bytes) -> bytes:
    return hashlib.sha256(octets).digest()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).digest()


def hkdf_extract(salt: bytes, ikm: bytes) -> bytes:
    """RFC 5869, 2.2. An empty salt stands for 32 zero bytes, which HMAC treats the same."""
    return hmac_sha256(salt, ikm)


def hkdf_expand(prk: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, 2.3."""
    output, block, index = b"", b"", 1
    while len(output) < length:
        block = hmac_sha256(prk, block + info + u8(index))
        output += block
        index += 1
    return output[:length]
