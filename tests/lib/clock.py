# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures how long 'virsh list' of root or another user takes through virtccwd and directly to libvirtd, in turns."""

import os
import statistics
import subprocess
import time

from steps import SLOWER, StepFailed, expect

FACTOR = 2  # the largest ratio of the time through virtccwd to the direct one; there is no other allowance
ROUNDS, MOST_ROUNDS = (9, 35) if SLOWER == 1 else (3, 9)
MEASURING = 15 * SLOWER  # seconds; after that time, no round beyond the first ROUNDS begins, whatever the ratio is
GIVEN_UP = 20 * SLOWER  # seconds; a virsh that takes longer counts as one without an answer


class NoAnswer(StepFailed):
    """virsh did not end within GIVEN_UP."""


def run_list(uri, prefix=(), words="live"):
    """Runs stock 'virsh list', and returns its seconds. prefix: a program that changes the user. words: the list must contain
    them."""
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
    """Compares two functions that return seconds: the measured one, and the reference. typical: makes one number of the
    seconds of all rounds."""

    def __init__(self, measured, reference, names=("through virtccwd", "directly"), typical=statistics.median):
        self._functions = (measured, reference)
        self._names = names
        self._typical = typical
        self._times = ([], [])

    def add(self, index, seconds):
        """Adds a measurement that the caller made. index: 0 for the measured function, 1 for the reference."""
        self._times[index].append(seconds)

    def typical(self):
        return tuple(map(self._typical, self._times))

    def ratio(self):
        measured, reference = self.typical()
        return measured / reference

    def measure(self, rounds=ROUNDS, most=MOST_ROUNDS):
        """Calls the two functions in turns. Each goes first in every second round, because the load of the machine changes. If
        the ratio of the medians is too large, a second batch of a fixed size follows, because a few rounds can be chance. A
        batch that ended at the first good ratio would favour success. All rounds count."""
        end = time.monotonic() + MEASURING
        self._measure_until(rounds)
        if self.ratio() > FACTOR:
            self._measure_until(most, end)
        return self

    def _measure_until(self, count, end=float("inf")):
        """Measures until there are count rounds. No round begins after end."""
        for number in range(len(self._times[0]), count):
            if time.monotonic() >= end:
                break
            for index in ((0, 1), (1, 0))[number % 2]:
                self.add(index, self._functions[index]())

    def __str__(self):
        measured, reference = (f"{1000 * seconds:.0f} ms {name}" for seconds, name in zip(self.typical(), self._names))
        return (f"{measured} and {reference}, {self.ratio():.2f} times that ({len(self._times[0])} rounds, "
                f"load {os.getloadavg()[0]:.0f})")

    def check(self, what):
        expect(self.ratio() <= FACTOR, f"{what}: {self}; at most {FACTOR} times is allowed")


def _time_lists(uri, prefix, words, problem):
    """Returns a function for Comparison. One list without an answer counts as GIVEN_UP seconds, which a median leaves out. Two
    of them end the test: the ratio would be that of GIVEN_UP."""
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
    """Compares 'virsh list' on two URIs. If libvirt itself does not answer, the test cannot say anything about virtccwd, and
    fails with a message that says so."""
    comparison = Comparison(_time_lists(through, prefix, words, "through virtccwd"),
                            _time_lists(past, prefix, words, "directly to libvirtd, so there is nothing to compare with"))
    return comparison.measure(rounds)
