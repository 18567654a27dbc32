"""Counts checks and says which failed."""


class Tally:
    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def check(self, what: str, got: object, expected: object) -> None:
        if got == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}\n  expected {expected}\n  got      {got}")
