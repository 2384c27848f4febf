#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each command has a man page with examples and exit codes, which has exactly the verbs and options that --help shows
(--help is made from the table of the command). TAP.

    test-manpages.py MANPAGES VIRT-CCW QEMU-CCW VIRTCCWD
"""

import os
import re
import subprocess
import sys

from tap import Tap

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
DOCUMENTED = re.compile(r"\*\*(?:-\w\*\*, \*\*|virt-ccw )?(--[a-z-]+)")
INCLUDE = re.compile(r"^\.\. include:: (\S+)$", re.M)
SECTIONS = ("SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO")
CODES = re.compile(r"\*\*0\*\* success|\*\*1\*\*|\*\*2\*\*")


def help_of(*command):
    return subprocess.run([*command, "--help"], text=True, stdout=subprocess.PIPE, check=True, timeout=60).stdout


def verbs_of(text):
    """Returns the commands or verbs that a --help lists."""
    return re.findall(r"^  ([a-z]+) +\S", text, re.M) if "\nCommands:\n" in text else []


def read(folder, name):
    """Returns a page with its included files; "" for a missing page."""
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return INCLUDE.sub(lambda match: read(folder, match[1]), file.read())


def section(page, name):
    found = re.search(rf"^{name}\n=+\n(.*?)(?=^[A-Z][A-Z ]+\n=+\n|\Z)", page, re.M | re.S)
    return found[1].strip() if found else ""


def check_options(tap, what, page, known):
    documented = set(DOCUMENTED.findall(page))
    tap.none(sorted(known - documented), f"{what}: every option of --help is in the page")
    tap.none(sorted(documented - known), f"{what}: and no other")


def check_command(tap, folder, program, name):
    """A command of virt-ccw, with its verbs."""
    what = f"virt-ccw-{name}"
    page = read(folder, f"{what}.rst")
    text = help_of(program, name)
    verbs = verbs_of(text)
    known = set(OPTION.findall("" if verbs else text))
    for verb in verbs:
        known |= set(OPTION.findall(help_of(program, name, verb)))
        tap.ok(re.search(rf"^{name} {verb}$", page, re.M), f"{what}(1) explains {verb}")
        tap.ok(f"**virt-ccw {name} {verb}**" in section(page, "SYNOPSIS"), f"{what}(1) has {verb} in its synopsis")
    tap.none((title for title in SECTIONS if not section(page, title)), f"{what}(1) has all sections")
    tap.ok(len(set(CODES.findall(section(page, "EXIT STATUS")))) == 3, f"{what}(1) has the exit codes")
    tap.ok(f"virt-ccw {name}" in section(page, "EXAMPLES"), f"{what}(1) has an example of the command")
    check_options(tap, f"{what}(1)", page, known)


def main():
    tap = Tap()
    folder, *programs = sys.argv[1:]
    commands = verbs_of(help_of(programs[0]))
    for name in commands:
        check_command(tap, folder, programs[0], name)
    tap.ok(len(commands) >= 10, "the commands were found", commands)
    overview = read(folder, "virt-ccw.rst")
    named = set(re.findall(r"^\*\*virt-ccw-(\w+)\*\*", overview, re.M)) | set(re.findall(r"\*\*virt-ccw-(\w+)\*\*", section(overview, "COMMANDS")))
    tap.equal(sorted(named), sorted(commands), "virt-ccw(1) names each of them")
    check_options(tap, "virt-ccw(1)", section(overview, "OPTIONS"),
                  set(OPTION.findall(help_of(programs[0], "list"))) & set(OPTION.findall(help_of(programs[0], "lower"))) | {"--version"})
    for program in programs[1:]:
        name = os.path.basename(program)
        page = read(folder, name + ".rst")
        tap.none((title for title in ("SYNOPSIS", "EXIT STATUS", "EXAMPLES") if not section(page, title)), f"{name} has all sections")
        check_options(tap, name, page, set(OPTION.findall(help_of(program))))
    tap.done()


main()
