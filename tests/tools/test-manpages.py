#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The man pages know every command and every option that --help shows, and no other. TAP.

    test-manpages.py MANPAGES VIRT-CCW QEMU-CCW VIRTCCWD
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import labtest  # noqa: E402

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
VERBS = {"dasd": re.compile(r"^  virt-ccw dasd (\w+)", re.M), "lab": re.compile(r"^  virt-ccw lab (\w+)", re.M)}


def help_of(*command):
    return subprocess.run([*command, "--help"], text=True, stdout=subprocess.PIPE, check=True, timeout=60).stdout


def virt_ccw_commands(program):
    """Every command line that takes options, as lists of words."""
    names = re.findall(r"^  ([a-z]+) +\S", help_of(program), re.M)
    for name in names:
        verbs = VERBS[name].findall(help_of(program, name)) if name in VERBS else []
        yield from ([name, verb] for verb in verbs) if verbs else ([name],)


def main():
    tap = labtest.Tap()
    folder, *programs = sys.argv[1:]
    for program in programs:
        name = os.path.basename(program)
        with open(os.path.join(folder, name + ".rst"), encoding="utf-8") as file:
            page = file.read()
        commands = list(virt_ccw_commands(program)) if name == "virt-ccw" else []
        known = set(OPTION.findall(help_of(program)))
        for words in commands:
            known |= set(OPTION.findall(help_of(program, *words)))
            tap.ok(re.search(rf"^{' '.join(words)}$|^{words[0]}$", page, re.M), f"{name}(1) has {' '.join(words)}")
        if commands:
            tap.ok(len(commands) >= 10, "the commands were found", commands)
        documented = set(re.findall(r"\*\*(?:-\w\*\*, \*\*|virt-ccw )?(--[a-z-]+)", page))
        tap.equal(sorted(known - documented), [], f"{name}: every option of --help is in the page")
        tap.equal(sorted(documented - known), [], f"{name}: and no other")
    tap.done()


main()
