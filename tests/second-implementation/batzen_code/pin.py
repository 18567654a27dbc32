"""Chapter 5: PIN key and PIN tag."""

from .notation import LABEL_PIN_KEY, LABEL_PIN_TAG, hkdf_expand, hkdf_extract, hmac_sha256

PIN_KEY_BYTES = 32
PIN_TAG_BYTES = 8


def derive_pin_key(pin: str, pin_secret: bytes) -> bytes:
    prk = hkdf_extract(pin_secret, pin.encode("ascii"))
    return hkdf_expand(prk, LABEL_PIN_KEY, PIN_KEY_BYTES)


def derive_pin_tag(pin_key: bytes, header: bytes, enc: bytes, fields: bytes) -> bytes:
    return hmac_sha256(pin_key, LABEL_PIN_TAG + header + enc + fields)[:PIN_TAG_BYTES]
