# SPDX-License-Identifier: LGPL-2.1-or-later
"""The links between pages of Markdown, in the repository and as installed."""

import os
import re

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def anchors(text):
    for heading in re.findall(r"^#+ (.*)$", text, re.M):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        yield re.sub(r"[^\w -]", "", plain).strip().replace(" ", "-")


def fault(page, target, top):
    """Returns what is wrong with a link of the page top/page; None if it leads to a file or folder, and to a heading."""
    if re.match(r"[a-z]+:", target):
        return None
    path, _, anchor = target.partition("#")
    full = os.path.normpath(os.path.join(top, os.path.dirname(page), path)) if path else os.path.join(top, page)
    if not os.path.exists(full):
        return f"there is no {target}"
    if anchor and anchor not in anchors(_read(full)):
        return f"{path or page} has no heading #{anchor}"
    return None


def links_below(top):
    """(page, target) of each link of each page below a folder."""
    for folder, _, names in os.walk(top):
        for name in sorted(names):
            if name.endswith(".md"):
                path = os.path.join(folder, name)
                for target in LINK.findall(_read(path)):
                    yield os.path.relpath(path, top), target
