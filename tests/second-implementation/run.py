"""Runs the second implementation: `target/test-venv/bin/python tests/second-implementation/run.py`.

With `--seed N` the random codes are the same again.
"""

import argparse
import secrets
import sys
from pathlib import Path

from batzen_code.approvals import check_approvals
from batzen_code.caps import check_caps
from batzen_code.rule_lists import check_rule_lists
from batzen_code.tally import Tally
from batzen_code.two_ways import check_two_ways
from batzen_code.vectors import check_vectors

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    arguments = argparse.ArgumentParser(description="The payment code, implemented a second time from its text.")
    arguments.add_argument("--seed", type=int, default=secrets.randbits(32), help="of the random codes")
    seed = arguments.parse_args().seed
    tally = Tally()
    check_vectors(ROOT / "spec" / "vectors" / "payment-code", tally)
    check_rule_lists(ROOT / "spec" / "vectors" / "rule-lists", tally)
    check_approvals(ROOT / "spec" / "vectors" / "approval", tally)
    check_caps(seed, tally)
    print(f"vectors and caps: {tally.passed} passed, {tally.failed} failed", flush=True)
    print(f"random codes with --seed {seed}", flush=True)
    check_two_ways(seed, ROOT, tally)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
