"""Draws everything that a code is made of, and makes the code."""

from dataclasses import dataclass
from random import Random

from .code import Recipient, header_of, make_plaintext, seal_code
from .fields import CLOCK_CONFIDENCE, CUSTOMER_VERIFICATION, MANTISSA_MAX, MANTISSA_TOO_SMALL, Fields
from .forms import write_digits
from .judge import make_request
from .kem import SUITES
from .pin import derive_pin_key
from .signature import ORDER, device_public_key

REALM_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.-"
U16_MAX = 2**16 - 1
U32_MAX = 2**32 - 1


@dataclass
class Making:
    """What goes into one code. A spoiler changes a part of it, before or after the code is made."""

    recipient: Recipient
    device_private: bytes
    pin_key: bytes
    ephemeral_private: bytes
    header: bytes
    fields: bytes

    @property
    def enc(self) -> bytes:
        return self.recipient.suite.enc(self.ephemeral_private)

    def plaintext(self) -> bytes:
        recipient = self.recipient
        return make_plaintext(
            recipient.realm, recipient.public, self.header, self.enc, self.fields, self.pin_key, self.device_private
        )

    def seal(self, plaintext: bytes) -> bytes:
        recipient = self.recipient
        return seal_code(
            recipient.suite, recipient.realm, recipient.public, self.header, self.ephemeral_private, plaintext
        )

    def code(self) -> bytes:
        return self.seal(self.plaintext())

    def request(self, code: bytes) -> dict:
        return self.request_with_text(write_digits(code))

    def request_with_text(self, digits: str) -> dict:
        return make_request(self.recipient, device_public_key(self.device_private), self.pin_key, digits)


def draw_making(rng: Random, suite_number: int) -> Making:
    suite = SUITES[suite_number]
    # A scalar of P-256; as good as any 32 bytes for X25519.
    recipient = Recipient(draw_realm(rng), _draw_number(rng, 0, U16_MAX), suite, draw_private(rng))
    pin = "".join(rng.choices("0123456789", k=rng.randint(6, 12)))
    return Making(
        recipient=recipient,
        device_private=draw_private(rng),
        pin_key=derive_pin_key(pin, rng.randbytes(32)),
        ephemeral_private=draw_private(rng),
        header=header_of(recipient.key_id, suite.version_and_suite),
        fields=draw_fields(rng).to_bytes(),
    )


def draw_realm(rng: Random) -> str:
    return "".join(rng.choices(REALM_CHARACTERS, k=_draw_number(rng, 1, 32)))


def draw_private(rng: Random) -> bytes:
    return rng.randrange(1, ORDER).to_bytes(32, "big")


def draw_fields(rng: Random) -> Fields:
    return Fields(
        enrolment=rng.randbytes(6).hex(),
        counter=_draw_number(rng, 1, U32_MAX),
        device_time_s=_draw_number(rng, 0, U32_MAX),
        method=_draw_number(rng, 1, 255),
        pin_generation_bits=rng.randrange(4),
        clock_confidence=rng.choice(CLOCK_CONFIDENCE),
        customer_verification=rng.choice(CUSTOMER_VERIFICATION),
        claimed_evidence=_draw_number(rng, 0, U16_MAX),
        cap_minor=_draw_cap_minor(rng),
        terminal=_draw_number(rng, 0, U32_MAX),
    )


def _draw_cap_minor(rng: Random) -> int:
    exponent = rng.randrange(16)
    mantissa_min = 1 if exponent == 0 else MANTISSA_TOO_SMALL + 1
    return _draw_number(rng, mantissa_min, MANTISSA_MAX) * 10**exponent


def _draw_number(rng: Random, lowest: int, highest: int) -> int:
    """The ends come up often: that is where mistakes live."""
    return rng.choice((lowest, highest, *(rng.randint(lowest, highest) for _ in range(6))))
