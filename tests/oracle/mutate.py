#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that the oracle finds wrong devices: compiles each mutant of tests/oracle/mutants, links it with the oracle, and
runs programs. The oracle must report a difference that is not known.

    tests/oracle/mutate.py [--build BUILD] [NAME...]     NAME: of a mutant; all without one

It changes no file of the sources. A mutant takes as long as the test of ./check oracle."""

import argparse
import configparser
import json
import os
import shlex
import subprocess
import sys
import tempfile

TOP = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PROGRAMS = ("--systematic", "40", "--random", "10000", "--seed", "17", "--seconds", "300")


def changes(mutant):
    """Its files, each with the old and the new text. A rule that two files check has file2, old2 and new2."""
    return [(mutant[f"file{n}"], mutant[f"old{n}"], mutant[f"new{n}"]) for n in ("", "2") if f"file{n}" in mutant]


def mutate(name, path, old, new):
    """The text of the file with the changed rule."""
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        sys.exit(f"mutate.py: [{name}]: 'old' occurs {text.count(old)} times in {path}; "
                 "bring tests/oracle/mutants up to date")
    return text.replace(old, new)


def compile_change(build, name, change, folder):
    """Compiles the file as the build does."""
    path = change[0]
    source, target = os.path.join(folder, os.path.basename(path)), os.path.join(folder, os.path.basename(path) + ".o")
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        entry = next(entry for entry in json.load(file)
                     if os.path.join(TOP, path) == os.path.normpath(os.path.join(build, entry["file"])))
    with open(source, "w", encoding="utf-8") as file:
        file.write(mutate(name, *change))
    argv = shlex.split(entry["command"])
    for option in ("-MQ", "-MF", "-o", "-c"):
        at = argv.index(option)
        del argv[at:at + 2]
    argv = [word for word in argv if word != "-MD" and word != "-Werror"]
    subprocess.run([*argv, "-I", os.path.join(TOP, os.path.dirname(path)), "-c", source, "-o", target],
                   cwd=build, check=True)
    return target


def link(build, name, objects, target):
    """Links the oracle with them. The linker then takes no object of the libraries that defines the same functions."""
    said = subprocess.run(["ninja", "-C", build, "-t", "commands", "-s", name], capture_output=True, text=True, check=True)
    argv = shlex.split(said.stdout.strip().splitlines()[-1])
    argv[argv.index("-o") + 1] = target
    at = argv.index("-o")
    argv[at:at] = objects
    subprocess.run(argv, cwd=build, check=True)


def finds(build, mutant, folder):
    target = os.path.join(folder, "oracle")
    objects = [compile_change(build, mutant.name, change, folder) for change in changes(mutant)]
    link(build, os.path.join("tests", "oracle", "dasd-oracle"), objects, target)
    said = subprocess.run([target, "--known", os.path.join(TOP, "tests", "oracle", "differences"), *PROGRAMS],
                          stdout=subprocess.PIPE, text=True, check=False)
    result = [line for line in said.stdout.splitlines() if line.endswith("kinds not known") and "programs," in line]
    if not result:
        sys.exit(f"mutate.py: [{mutant.name}]: the oracle did not end (status {said.returncode})")
    print(result[-1])
    return said.returncode == 1 and "NOT KNOWN" in said.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build", type=os.path.abspath)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    mutants = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    mutants.optionxform = str
    mutants.read(os.path.join(TOP, "tests", "oracle", "mutants"), encoding="utf-8")
    missed = []
    for number, name in enumerate(options.names or mutants.sections(), 1):
        with tempfile.TemporaryDirectory() as folder:
            found = finds(options.build, mutants[name], folder)
        print(f"{'ok' if found else 'not ok'} {number} - {name}", flush=True)
        missed += [] if found else [name]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
