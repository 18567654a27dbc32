"""Chapter 4: the 24 bytes of fields."""

from dataclasses import asdict, dataclass

from .notation import Refused, integer, u8, u16, u32

FIELDS_BYTES = 24
CLOCK_CONFIDENCE = ("unknown", "old", "week", "day")
CUSTOMER_VERIFICATION = ("pin", "pin_renewed")

MANTISSA_MAX = 0x0FFF
# Up to here, a mantissa with an exponent could be ten times as large with an exponent less.
MANTISSA_TOO_SMALL = 409
EXPONENT_MAX = 15


@dataclass(frozen=True)
class Fields:
    enrolment: str
    counter: int
    device_time_s: int
    method: int
    pin_generation_bits: int
    clock_confidence: str
    customer_verification: str
    claimed_evidence: int
    cap_minor: int
    terminal: int

    def named(self) -> dict:
        return asdict(self)

    def to_bytes(self) -> bytes:
        flags = (
            self.pin_generation_bits << 6
            | CLOCK_CONFIDENCE.index(self.clock_confidence) << 4
            | CUSTOMER_VERIFICATION.index(self.customer_verification) << 2
        )
        return (
            bytes.fromhex(self.enrolment)
            + u32(self.counter)
            + u32(self.device_time_s)
            + u8(self.method)
            + u8(flags)
            + u16(self.claimed_evidence)
            + cap_bytes(self.cap_minor)
            + u32(self.terminal)
        )


def read_fields(octets: bytes) -> Fields:
    counter, method, flags = integer(octets[6:10]), octets[14], octets[15]
    verification = flags >> 2 & 3
    if counter == 0 or method == 0 or flags & 3 or verification >= len(CUSTOMER_VERIFICATION):
        raise Refused("malformed_fields")
    return Fields(
        enrolment=octets[0:6].hex(),
        counter=counter,
        device_time_s=integer(octets[10:14]),
        method=method,
        pin_generation_bits=flags >> 6,
        clock_confidence=CLOCK_CONFIDENCE[flags >> 4 & 3],
        customer_verification=CUSTOMER_VERIFICATION[verification],
        claimed_evidence=integer(octets[16:18]),
        cap_minor=read_cap(octets[18:20]),
        terminal=integer(octets[20:24]),
    )


def read_cap(octets: bytes) -> int:
    exponent, mantissa = octets[0] >> 4, integer(octets) & MANTISSA_MAX
    if mantissa == 0 or (exponent > 0 and mantissa <= MANTISSA_TOO_SMALL):
        raise Refused("malformed_fields")
    return mantissa * 10**exponent


def cap_bytes(amount_minor: int) -> bytes:
    """The form of the amount, or of the next amount below that has one."""
    exponent, mantissa = 0, amount_minor
    while mantissa > MANTISSA_MAX:
        exponent, mantissa = exponent + 1, mantissa // 10
    if mantissa < 1:
        raise ValueError("a cap is at least one minor unit")
    if exponent > 0 and mantissa <= MANTISSA_TOO_SMALL:
        # Between 4095 and 4100 units: the next form below is the lower exponent's last.
        exponent, mantissa = exponent - 1, MANTISSA_MAX
    if exponent > EXPONENT_MAX:
        exponent, mantissa = EXPONENT_MAX, MANTISSA_MAX
    return u16(exponent << 12 | mantissa)
