# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long root's, or another user's, 'virsh list' takes through virtccwd and past it, at the same time."""

import os
import statistics
import subprocess
import time

from steps import SLOWER, StepFailed, expect

FACTOR = 2  # at most, through virtccwd to past it. There is no allowance beside it.
ROUNDS, MOST_ROUNDS = (9, 35) if SLOWER == 1 else (3, 9)
MEASURING = 15 * SLOWER  # seconds: after that no round beyond the first ROUNDS is begun, whatever the ratio is
GIVEN_UP = 20 * SLOWER  # seconds: a virsh that takes longer has no answer, and there is no ratio


class NoAnswer(StepFailed):
    """virsh did not end within GIVEN_UP."""


def run_list(uri, prefix=(), words="live"):
    """Seconds that stock 'virsh list' takes from its start to its end. prefix: a program that becomes another user; words:
    what the list has."""
    started = time.monotonic()
    with subprocess.Popen([*prefix, "virsh", "-q", "-c", uri, "list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as virsh:
        try:
            output = virsh.communicate(timeout=GIVEN_UP)[0]
        except subprocess.TimeoutExpired as late:
            virsh.kill()
            raise NoAnswer(f"virsh -c {uri} has no answer within {GIVEN_UP} s") from late
    seconds = time.monotonic() - started
    expect(virsh.returncode == 0 and words in output, f"virsh list of {uri}: {output}")
    return seconds


class Comparison:
    """Of two functions that return seconds: what is judged, and what it is judged by."""

    def __init__(self, judged, reference, names=("through virtccwd", "past it")):
        self._functions = (judged, reference)
        self._names = names
        self._times = ([], [])

    def add(self, index, seconds):
        """One measurement that was made elsewhere: index 0 is judged."""
        self._times[index].append(seconds)

    def medians(self):
        return tuple(map(statistics.median, self._times))

    def ratio(self):
        judged, reference = self.medians()
        return judged / reference

    def measure(self, rounds=ROUNDS, most=MOST_ROUNDS):
        """In turns, and each goes first in every second round, as what else the machine does comes and goes. If
        the medians are then too far from each other, a second batch of a fixed size follows: too few rounds are chance, and
        a batch that ended with the first good median would favour passing. All rounds count."""
        end = time.monotonic() + MEASURING
        self._measure_until(rounds)
        if self.ratio() > FACTOR:
            self._measure_until(most, end)
        return self

    def _measure_until(self, count, end=float("inf")):
        """Up to count rounds in all; none begins after end."""
        for number in range(len(self._times[0]), count):
            if time.monotonic() >= end:
                break
            for index in ((0, 1), (1, 0))[number % 2]:
                self.add(index, self._functions[index]())

    def __str__(self):
        judged, reference = (f"{1000 * seconds:.0f} ms {name}" for seconds, name in zip(self.medians(), self._names))
        return (f"{judged} and {reference}, {self.ratio():.2f} times that ({len(self._times[0])} rounds, "
                f"load {os.getloadavg()[0]:.0f})")

    def check(self, what):
        expect(self.ratio() <= FACTOR, f"{what}: {self}; at most {FACTOR} times is allowed")


def _time_lists(uri, prefix, words, problem):
    """A function for Comparison. One list without an answer is a long one, which a median leaves out; two of them end the
    test: they would make the ratio of what was given up, and not of what was measured."""
    late = 0

    def measure():
        nonlocal late
        try:
            return run_list(uri, prefix, words)
        except NoAnswer as error:
            late += 1
            if late > 1:
                raise StepFailed(f"{problem}: {error}, twice") from error
            return GIVEN_UP
    return measure


def compare_lists(through, past, prefix=(), words="live", rounds=ROUNDS):
    """Where libvirt itself has no answer the test shows nothing about virtccwd, and fails with words of its own."""
    comparison = Comparison(_time_lists(through, prefix, words, "through virtccwd"),
                            _time_lists(past, prefix, words, "past virtccwd, so that there is nothing to compare with"))
    return comparison.measure(rounds)
