"""Chapter 4, the cap: each amount has one form, and an amount without one takes the next below."""

from bisect import bisect_right
from random import Random

from .fields import cap_bytes, read_cap
from .notation import Refused, integer, u16
from .tally import Tally

EXAMPLES = {5000: "11f4", 1: "0001", 4095: "0fff", 4100: "119a", 4095 * 10**15: "ffff"}
RANDOM_AMOUNTS = 2000


def check_caps(seed: int, tally: Tally) -> None:
    caps = [(amount, bits) for bits in range(2**16) if (amount := _amount_minor(bits)) is not None]
    amounts = [amount for amount, _ in caps]
    tally.check("larger caps are larger u16s, and no amount has two forms", amounts, sorted(set(amounts)))
    for amount, written in EXAMPLES.items():
        tally.check(f"the cap {amount}", cap_bytes(amount).hex(), written)
    rng = Random(seed)
    asked = [*range(4090, 4105), 10**19, *(rng.randrange(1, 10 ** rng.randint(1, 19)) for _ in range(RANDOM_AMOUNTS))]
    below = [caps[bisect_right(amounts, amount) - 1][1] for amount in asked]
    tally.check("amounts take the next form below", [integer(cap_bytes(amount)) for amount in asked], below)


def _amount_minor(bits: int) -> int | None:
    try:
        return read_cap(u16(bits))
    except Refused:
        return None
