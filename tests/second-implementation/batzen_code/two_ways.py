"""Codes made here, judged by the Rust door: both implementations must say the same of each."""

from pathlib import Path
from random import Random

from .fields import read_fields
from .judge import ask_the_door, judge
from .random_codes import draw_making
from .spoilers import SPOILERS
from .tally import Tally

GOOD_CODES = 200
SPOILED_CODES = 4 * len(SPOILERS)


def check_two_ways(seed: int, root: Path, tally: Tally) -> None:
    rng = Random(seed)
    named_requests, expected = [], []
    for number in range(GOOD_CODES):
        making = draw_making(rng, 1 + number % 2)
        named_requests.append((f"good {number}", making.request(making.code())))
        expected.append(("ok", read_fields(making.fields).named()))
    for number in range(SPOILED_CODES):
        # Each spoiler twice in each suite.
        spoil, verdict = SPOILERS[number % len(SPOILERS)]
        making = draw_making(rng, 1 + number // len(SPOILERS) % 2)
        named_requests.append((f"spoiled {number}, {spoil.__name__}", spoil(rng, making)))
        expected.append((verdict, None))
    answers = ask_the_door([request for _, request in named_requests], root)
    tally.check("the door answers each request", len(answers), len(named_requests))
    for (name, request), answer, (verdict, fields) in zip(named_requests, answers, expected):
        ours = judge(request)
        what = f"random code (--seed {seed}) {name}"
        tally.check(f"{what}: our verdict", ours["verdict"], verdict)
        if fields is not None:
            tally.check(f"{what}: our fields", ours["fields"], fields)
        tally.check(f"{what}: the door's answer", answer, ours)
