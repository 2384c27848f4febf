#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""packaging/debian/control, as dpkg-buildpackage reads it: each paragraph has each field once, and no package is named that
the file does not have. TAP.

    test-control.py CONTROL
"""

import re
import sys

from tap import Tap

FIELD = re.compile(r"^([A-Za-z-]+):", re.M)


def paragraphs(text):
    return [part for part in re.split(r"\n\s*\n", text) if part.strip()]


def repeated(paragraph):
    """The fields that a paragraph has twice."""
    fields = FIELD.findall(paragraph)
    return sorted({field for field in fields if fields.count(field) > 1})


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    tap = Tap()
    packages = re.findall(r"^Package: (\S+)$", text, re.M)
    tap.ok(len(packages) >= 4, "it has the packages", packages)
    for paragraph in paragraphs(text):
        tap.none(repeated(paragraph), f"{paragraph.splitlines()[0]}: no field twice")
    named = set(re.findall(r"^ ?(?:Recommends: |Depends: )?([a-z-]*\bccw\b[a-z-]*)(?= |,|$)", text, re.M))
    tap.none(sorted(named - set(packages)), "the packages that others need are there")
    tap.equal(repeated("Package: a\nRecommends: b\nRecommends:\n c,\n"), ["Recommends"], "a field that is there twice is found")
    tap.done()


main()
