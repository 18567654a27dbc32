"""Chapter 3: the two suites' key encapsulation, DHKEM of RFC 9180 with the raw agreement under it."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .notation import Refused, hkdf_expand, hkdf_extract, integer, u16

SECRET_BYTES = 32
# The prime of P-256's field (SEC 2, section 2.4.2).
FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1


class X25519:
    """Suite 1's group: a key is 32 bytes, and `enc` is the ephemeral public key itself."""

    ID = 0x0020

    @staticmethod
    def public_key(private: bytes) -> bytes:
        return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()

    @staticmethod
    def agree(private: bytes, public: bytes) -> bytes:
        try:
            return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:
            # The library's way to say that the result is all zero.
            raise Refused("not_for_us") from None

    @staticmethod
    def enc(ephemeral_public: bytes) -> bytes:
        return ephemeral_public

    @staticmethod
    def point(enc: bytes) -> bytes:
        return enc


class P256:
    """Suite 2's group: a key is a point of 65 bytes, and `enc` is an x coordinate."""

    ID = 0x0010

    @staticmethod
    def public_key(private: bytes) -> bytes:
        return _uncompressed(ec.derive_private_key(integer(private), ec.SECP256R1()).public_key())

    @staticmethod
    def agree(private: bytes, public: bytes) -> bytes:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        return ec.derive_private_key(integer(private), ec.SECP256R1()).exchange(ec.ECDH(), peer)

    @staticmethod
    def enc(ephemeral_public: bytes) -> bytes:
        return ephemeral_public[1:33]

    @staticmethod
    def point(enc: bytes) -> bytes:
        """The point with this x and even y."""
        try:
            return _uncompressed(ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x02" + enc))
        except ValueError:
            raise Refused("not_for_us") from None


def _uncompressed(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def negated(point: bytes) -> bytes:
    """The other point with the same x."""
    return point[:33] + (FIELD - integer(point[33:])).to_bytes(32, "big")


@dataclass(frozen=True)
class Suite:
    number: int
    group: type[X25519] | type[P256]

    @property
    def version_and_suite(self) -> int:
        return 0x10 | self.number

    def public_key(self, private: bytes) -> bytes:
        return self.group.public_key(private)

    def enc(self, ephemeral_private: bytes) -> bytes:
        """What a code carries."""
        return self.group.enc(self.public_key(ephemeral_private))

    def encap(self, recipient_public: bytes, ephemeral_private: bytes) -> bytes:
        """The shared secret of the sender, who sends `enc(ephemeral_private)`."""
        point = self.group.point(self.enc(ephemeral_private))
        return self.shared_secret(self.group.agree(ephemeral_private, recipient_public), point, recipient_public)

    def decap(self, enc: bytes, recipient_private: bytes) -> bytes:
        point = self.group.point(enc)
        return self.shared_secret(self.group.agree(recipient_private, point), point, self.public_key(recipient_private))

    def shared_secret(self, dh: bytes, ephemeral_public: bytes, recipient_public: bytes) -> bytes:
        suite_id = b"KEM" + u16(self.group.ID)
        eae_prk = labeled_extract(suite_id, b"", b"eae_prk", dh)
        return labeled_expand(suite_id, eae_prk, b"shared_secret", ephemeral_public + recipient_public, SECRET_BYTES)


SUITES = {number: Suite(number, group) for number, group in ((1, X25519), (2, P256))}


def labeled_extract(suite_id: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hkdf_extract(salt, b"HPKE-v1" + suite_id + label + ikm)


def labeled_expand(suite_id: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return hkdf_expand(prk, u16(length) + b"HPKE-v1" + suite_id + label + info, length)
