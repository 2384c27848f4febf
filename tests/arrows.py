#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Compares the map of src in docs/internals.md with the includes. One test a folder: the map has a line with exactly the folders
that its files include, and each of these is further down in the map, so that there is no circle of folders. Then three of all
files: no two have one name, no two types have one name, and no files include each other in a circle.

    arrows.py SRC INTERNALS.MD
"""

import os
import re
import sys

from tap import Tap

# dasd uses the channel's formats and the request, but not the translation.
FORMATS = {"arch.h", "request.h"}
# remote validates XML. It must not start an emulator, so it does not use QMP, capabilities and the launcher.
VALIDATOR = {"validate.h"}
ONLY = {("dasd", "channel"): FORMATS, ("trace", "channel"): FORMATS, ("remote", "qemu"): VALIDATOR}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
ARROW = re.compile(r"^    (\w+) +->(.*)$", re.M)
STRUCT = re.compile(r"^\} ([A-Z]\w+);", re.M)


def sources(source):
    for path, _, files in sorted(os.walk(source)):
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                full = os.path.join(path, name)
                with open(full, encoding="utf-8") as file:
                    yield os.path.relpath(full, source), file.read()


def folder_of(name):
    return name.split("/", 1)[0]


def module_of(name):
    """Returns one name for a source, its header and its private header."""
    stem = os.path.splitext(name)[0]
    for suffix in ("-private", "-priv"):
        stem = stem.removesuffix(suffix)
    return stem


def headers_of(name, text):
    """The project's headers that a file includes. One without a folder is beside the file."""
    for header in INCLUDE.findall(text):
        yield header if "/" in header else os.path.join(os.path.dirname(name), header)


def included(texts):
    """Returns {folder: the folders that its files include, each with the includes as text}."""
    found = {}
    for name, text in texts.items():
        uses = found.setdefault(folder_of(name), {})
        for header in headers_of(name, text):
            if folder_of(header) != folder_of(name):
                uses.setdefault(folder_of(header), []).append((name, header))
    return found


def faults_of(folder, uses, places):
    if folder not in places:
        yield f"the map has no line of src/{folder}"
        return
    drawn = places[folder][1]
    if drawn != sorted(uses):
        yield f"the map says '{folder} -> {', '.join(drawn)}', and the includes are: {', '.join(sorted(uses))}"
    for other, includes in uses.items():
        if other in places and places[other][0] <= places[folder][0]:
            yield f"the map has src/{other}, which src/{folder} includes, not below it"
        for name, header in includes:
            if os.path.basename(header) not in ONLY.get((folder, other), {os.path.basename(header)}):
                yield f"src/{name} includes {header}"


def twice(pairs):
    first = {}
    for name, where in pairs:
        if first.setdefault(name, where) != where:
            yield f"{name} is in {first[name]} and in {where}"


def circles(texts):
    """Returns the sets of two and more modules that reach each other by includes."""
    modules = {module_of(name) for name in texts}
    reach = {module: set() for module in modules}
    for name, text in texts.items():
        reach[module_of(name)] |= {module_of(header) for header in headers_of(name, text)} & modules
    grown = True
    while grown:
        grown = False
        for module, known in reach.items():
            more = set().union(known, *(reach[other] for other in known))
            grown |= more != known
            reach[module] = more
    return sorted({tuple(sorted(other for other in reach[module] if module in reach[other]))
                   for module in modules if module in reach[module]} - {(module,) for module in modules})


def main():
    texts = dict(sources(sys.argv[1]))
    with open(sys.argv[2], encoding="utf-8") as file:
        lines = ARROW.findall(file.read())
    places = {name: (place, [other.strip() for other in rest.split(",") if other.strip()])
              for place, (name, rest) in enumerate(lines)}
    found = included(texts)
    tap = Tap()
    for folder in sorted(found):
        tap.none(faults_of(folder, found[folder], places), folder)
    tap.none(twice((os.path.basename(name), name) for name in texts), "no two files have one name")
    headers = ((name, text) for name, text in texts.items() if name.endswith(".h"))
    types = ((struct, name) for name, text in headers for struct in STRUCT.findall(text))
    tap.none(twice(types), "no two types of headers have one name")
    tap.none((f"a circle: {' '.join(circle)}" for circle in circles(texts)), "no files include each other in a circle")
    tap.done()


if __name__ == "__main__":
    main()
