#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares a lab's sysfs and its answers with those of a real kernel: runs record-tree.py in a lab, and compares the
result with realkernel.txt, a recording of a real kernel. Each difference must be in known-differences, and each of
those must be a difference.

    test-recording.py VIRT-CCW                   in a lab
    test-recording.py --inside VIRT-CCW          on this machine; on a real kernel no difference is allowed
"""

import difflib
import fnmatch
import os
import subprocess
import sys

import labtest
from tap import Tap

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "realkernel.txt")
KNOWN = os.path.join(HERE, "known-differences")


def steps(path):
    """{label: lines}, in order"""
    found, lines = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            if line.startswith("== "):
                lines = found[line[3:]] = []
            elif not line.startswith("#"):
                lines.append(line)
    return found


def rules():
    """(step, line), both patterns: "STEP: -LINE" is only the real kernel's, "STEP: +LINE" only the lab's."""
    with open(KNOWN, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip() and not line.startswith("#")]
    return [tuple(line.split(": ", 1)) for line in lines]


def matches(text, pattern):
    """* matches any text, and no other character is special: paths have brackets and braces."""
    return fnmatch.fnmatchcase(text, pattern.replace("[", "[[]"))


def differences(golden, recording):
    """(step, "-LINE" or "+LINE")"""
    for label in [*golden, *(label for label in recording if label not in golden)]:
        for line in difflib.ndiff(golden.get(label, []), recording.get(label, [])):
            if line[0] in "+-":
                yield label, line[0] + line[2:]


def compare(recording, known):
    tap = Tap()
    golden, new = steps(GOLDEN), steps(recording)
    found = list(differences(golden, new))
    used = set()
    for label in golden:
        unknown = []
        for line in (line for step, line in found if step == label):
            rule = next((rule for rule in known if matches(label, rule[0]) and matches(line, rule[1])), None)
            if rule:
                used.add(rule)
            else:
                unknown.append(line)
        tap.ok(not unknown, label, "\n".join(unknown))
    tap.equal([label for label in new if label not in golden], [], "no step but those of the real kernel's recording")
    tap.equal([": ".join(rule) for rule in known if rule not in used], [], "every known difference exists")
    tap.done()


def inside(_virt_ccw):
    with labtest.workdir() as folder:
        recording = os.path.join(folder, "recording.txt")
        subprocess.run([sys.executable, "-B", os.path.join(HERE, "record-tree.py"), "--inside", recording], check=True)
        compare(recording, rules() if os.path.exists("/run/libvirt-ccw/lab.sock") else [])


sys.exit(labtest.inside_a_lab(__file__, inside, ["0.0.1234"]))
