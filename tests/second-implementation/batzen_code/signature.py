"""Chapter 6: what the device signs, and which signatures a reader takes."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .notation import LABEL_SIGNATURE, Refused, integer, len8, sha256

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SIGNATURE_BYTES = 64


def device_public_key(private: bytes) -> bytes:
    key = ec.derive_private_key(integer(private), ec.SECP256R1()).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def signed_message(
    realm: str, recipient_public: bytes, header: bytes, enc: bytes, fields: bytes, pin_tag: bytes
) -> bytes:
    return LABEL_SIGNATURE + len8(realm.encode()) + sha256(recipient_public) + header + enc + fields + pin_tag


def sign(device_private: bytes, message: bytes) -> bytes:
    """With the nonce of RFC 6979, so that the same input gives the same code; and with low s."""
    key = ec.derive_private_key(integer(device_private), ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return signature_bytes(r, min(s, ORDER - s))


def signature_bytes(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def check_message(public: bytes, message: bytes, signature: bytes) -> None:
    """As a payment code's signature, by the name that the refusal has in other messages."""
    try:
        check_signature(public, message, signature)
    except Refused:
        raise Refused("signature_bad") from None


def check_signature(device_public: bytes, message: bytes, signature: bytes) -> None:
    r, s = integer(signature[:32]), integer(signature[32:])
    if not (0 < r < ORDER and 0 < s <= ORDER // 2):
        raise Refused("bad_signature")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), device_public)
    try:
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise Refused("bad_signature") from None
