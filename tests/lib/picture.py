# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the pictures that virt-ccw draws (src/util/svg.c)."""

import re
import xml.etree.ElementTree as ElementTree

SVG = "{http://www.w3.org/2000/svg}"
RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z")


class Picture:
    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.size = len(text)
        self.root = ElementTree.fromstring(text)

    def texts(self):
        return [text.text for text in self.root.iter(f"{SVG}text")]

    def rectangles(self, style_class):
        """(x, y, width, height) of all rectangles of a fill."""
        return [tuple(map(int, one)) for path in self.root.iter(f"{SVG}path") if path.get("class") == style_class
                for one in RECTANGLE.findall(path.get("d"))]


def draw(tap, path, name, command):
    """The picture that a command draws into a file. command(arguments) runs it."""
    result = command("--svg", path)
    tap.ok(result.returncode == 0 and not result.stdout and not result.stderr, f"{name}: it is drawn", result.stderr)
    return Picture(path)
