"""HPKE (RFC 9180), base mode, one message, over either suite's KEM.

HKDF-SHA256 0x0001, AES-128-GCM 0x0001.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .kem import Suite, labeled_expand, labeled_extract
from .notation import Refused, u16

MODE_BASE = b"\x00"
KEY_BYTES = 16
NONCE_BYTES = 12


def seal(suite: Suite, shared: bytes, info: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """Gives ciphertext and tag; `shared` is the KEM's."""
    key, nonce = _key_schedule(suite, shared, info)
    # The nonce of a context's first message is the base nonce itself: the sequence number is 0.
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(suite: Suite, shared: bytes, info: bytes, aad: bytes, sealed: bytes) -> bytes:
    key, nonce = _key_schedule(suite, shared, info)
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise Refused("not_for_us") from None


def _key_schedule(suite: Suite, shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    suite_id = b"HPKE" + u16(suite.group.ID) + u16(0x0001) + u16(0x0001)
    psk_id_hash = labeled_extract(suite_id, b"", b"psk_id_hash", b"")
    info_hash = labeled_extract(suite_id, b"", b"info_hash", info)
    context = MODE_BASE + psk_id_hash + info_hash
    secret = labeled_extract(suite_id, shared, b"secret", b"")
    key = labeled_expand(suite_id, secret, b"key", context, KEY_BYTES)
    nonce = labeled_expand(suite_id, secret, b"base_nonce", context, NONCE_BYTES)
    return key, nonce
