#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The site of the documentation: every link of every page leads to a page or a heading of it. One test a page. TAP.

    test-docs-site.py SITE
"""

import os
import sys
import urllib.parse
from html.parser import HTMLParser

from tap import Tap


class Page(HTMLParser):
    """Returns the links and the anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors, self.headings = [], set(), 0
        with open(path, encoding="utf-8") as file:
            self.feed(file.read())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[name] for name in ("id", "name") if name in values}
        self.headings += tag in ("h1", "h2")
        if tag in ("a", "link") and values.get("href"):
            self.links.append(values["href"])


def faults(pages, name):
    for link in pages[name].links:
        parts = urllib.parse.urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(name), urllib.parse.unquote(parts.path))) if parts.path else name
        if path not in pages and path != "style.css":
            yield f"there is no {link}"
        elif parts.fragment and urllib.parse.unquote(parts.fragment) not in pages[path].anchors:
            yield f"{path} has no #{parts.fragment}"


def main():
    tap = Tap()
    site = sys.argv[1]
    names = sorted(os.path.relpath(os.path.join(folder, name), site) for folder, _, files in os.walk(site)
                   for name in files if name.endswith(".html"))
    pages = {name: Page(os.path.join(site, name)) for name in names}
    for name in names:
        tap.none(faults(pages, name), f"{name}: its links")
    tap.none((name for name in names if not pages[name].headings), "every page has a heading")
    wanted = {"index.html", "CONTRIBUTING.html", "docs/lab.html", "docs/manpages/virt-ccw-dasd.html", "docs/formatdomain/index.html"}
    tap.none(sorted(wanted - set(names)), "the pages are there")
    tap.ok(sum(len(page.links) for page in pages.values()) > 200, "the links are found")
    wrong = Page("/dev/null")
    wrong.links = ["none.html", "#none", "https://example.org/"]
    tap.equal(len(list(faults({**pages, "wrong.html": wrong}, "wrong.html"))), 2, "a wrong link is found")
    tap.done()


main()
