# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test points of a Python test, in the Test Anything Protocol, which meson reads. Every Python test writes its
points through this module. pytest writes one point for each function, but these tests find out while they run how many
they are.
"""

import sys


def skip_all(reason):
    """Ends the test, which cannot run on this machine."""
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)


class Tap:
    """Numbered test points. The plan is the last line."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def note(self, text):
        """Writes comment lines."""
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def ok(self, condition, name, *why):
        """Writes a test point. why: explains a failure in one or more lines."""
        self.count += 1
        self.failed += not condition
        print(f"{'ok' if condition else 'not ok'} {self.count} - {name}", flush=True)
        if not condition:
            for text in why:
                self.note(text)
        return condition

    def none(self, faults, name):
        """Writes a test point that passes if faults, which are lines of text, is empty."""
        faults = list(faults)
        return self.ok(not faults, name, *faults)

    def equal(self, got, expected, name):
        return self.ok(got == expected, name, f"expected {expected!r}, got {got!r}")

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def plan(self):
        print(f"1..{self.count}", flush=True)

    def done(self):
        """Writes the plan and ends the test."""
        self.plan()
        sys.exit(1 if self.failed else 0)
