"""HPKE (RFC 9180), base mode, one message, in the one suite of chapter 3.

DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, AES-128-GCM 0x0001.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .notation import Refused, hkdf_expand, hkdf_extract, u16

KEM_SUITE = b"KEM" + u16(0x0020)
HPKE_SUITE = b"HPKE" + u16(0x0020) + u16(0x0001) + u16(0x0001)
MODE_BASE = b"\x00"
KEY_BYTES = 16
NONCE_BYTES = 12
SECRET_BYTES = 32


def public_key(private: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal(recipient_public: bytes, ephemeral_private: bytes, info: bytes, aad: bytes, plaintext: bytes) -> bytes:
    """Gives ciphertext and tag. The encapsulated key is `public_key(ephemeral_private)`."""
    enc = public_key(ephemeral_private)
    shared = _shared_secret(_x25519(ephemeral_private, recipient_public), enc, recipient_public)
    key, nonce = _key_schedule(shared, info)
    # The nonce of a context's first message is the base nonce itself: the sequence number is 0.
    return AESGCM(key).encrypt(nonce, plaintext, aad)


def open_sealed(enc: bytes, recipient_private: bytes, info: bytes, aad: bytes, sealed: bytes) -> bytes:
    shared = _shared_secret(_x25519(recipient_private, enc), enc, public_key(recipient_private))
    key, nonce = _key_schedule(shared, info)
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except InvalidTag:
        raise Refused("not_for_us") from None


def _x25519(private: bytes, public: bytes) -> bytes:
    try:
        return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        # The library's way to say that the result is all zero.
        raise Refused("not_for_us") from None


def _shared_secret(dh: bytes, enc: bytes, recipient_public: bytes) -> bytes:
    eae_prk = _labeled_extract(KEM_SUITE, b"", b"eae_prk", dh)
    return _labeled_expand(KEM_SUITE, eae_prk, b"shared_secret", enc + recipient_public, SECRET_BYTES)


def _key_schedule(shared: bytes, info: bytes) -> tuple[bytes, bytes]:
    psk_id_hash = _labeled_extract(HPKE_SUITE, b"", b"psk_id_hash", b"")
    info_hash = _labeled_extract(HPKE_SUITE, b"", b"info_hash", info)
    context = MODE_BASE + psk_id_hash + info_hash
    secret = _labeled_extract(HPKE_SUITE, shared, b"secret", b"")
    key = _labeled_expand(HPKE_SUITE, secret, b"key", context, KEY_BYTES)
    nonce = _labeled_expand(HPKE_SUITE, secret, b"base_nonce", context, NONCE_BYTES)
    return key, nonce


def _labeled_extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hkdf_extract(salt, b"HPKE-v1" + suite + label + ikm)


def _labeled_expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(prk, u16(length) + b"HPKE-v1" + suite + label + info, length)
