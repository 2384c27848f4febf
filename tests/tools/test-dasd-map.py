#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw dasd map: the table, JSON and the picture of volumes that virt-ccw has made and on which this test writes
with its own code; and of damaged or hostile images. TAP.

    test-dasd-map.py VIRT-CCW
"""

import json
import os
import shutil
import subprocess
import sys

import labtest
from picture import draw
from tap import Tap

VIRT_CCW = os.path.abspath(sys.argv[1])
TRACK, HEADS, HEADER = 56832, 15, 512
TIMEOUT = 120
PICTURE_MAX = 1 << 20  # bytes
LANE_LEFT, LANE_WIDTH = 20, 1000  # src/dasd/dasd-map-svg.c


def cchh(track):
    return (track // HEADS).to_bytes(2, "big") + (track % HEADS).to_bytes(2, "big")


def record(track, number, key, data):
    return cchh(track) + bytes([number, len(key)]) + len(data).to_bytes(2, "big") + key + data


def slot(track, *records):
    """Returns a track: home address, R0, the records, the end marker."""
    return b"\0" + cchh(track) + record(track, 0, b"", bytes(8)) + b"".join(records) + b"\xff" * 8


def data_track(track):
    return slot(track, *(record(track, number, b"", bytes(4096)) for number in range(1, 13)))


def extent(first, last, number=0):
    return bytes([1, number]) + cchh(first) + cchh(last)


def format_1(name, *extents):
    places = b"".join(extents).ljust(30, b"\0")
    return name.encode("cp037").ljust(44, b"\x40"), b"\xf1" + bytes(60) + places + bytes(5)


def format_3(*extents):
    first, more = b"".join(extents[:4]).ljust(40, b"\0"), b"".join(extents[4:]).ljust(90, b"\0")
    return b"\x03" * 4 + first, b"\xf3" + more + bytes(5)


def format_4(last):
    return b"\x04" * 44, b"\xf4" + bytes(60) + extent(1, last) + bytes(25)


class Image:
    def __init__(self, path, cylinders, volser=None):
        self.path = path
        self.tracks = cylinders * HEADS
        subprocess.run([VIRT_CCW, "dasd", "create", path, "--cylinders", str(cylinders), *(["--volser", volser] if volser else [])],
                       check=True, timeout=TIMEOUT)

    def write(self, track, content):
        with open(self.path, "r+b") as file:
            file.seek(HEADER + track * TRACK)
            file.write(content)

    def write_vtoc(self, last, *dscbs):
        """Writes the DSCBs to the tracks from 1 on, 40 on a track."""
        dscbs = [format_4(last), *dscbs]
        for track in range(1, last + 1):
            part = dscbs[(track - 1) * 40:track * 40]
            self.write(track, slot(track, *(record(track, number + 1, *dscb) for number, dscb in enumerate(part))))

    def map(self, *arguments):
        return subprocess.run([VIRT_CCW, "dasd", "map", self.path, *arguments], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=TIMEOUT)

    def draw(self, tap, name):
        return draw(tap, self.path + ".svg", name, self.map)

    def json(self):
        result = self.map("--json")
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def regions(self):
        return [(one["first_track"], one["last_track"], one["name"] or one["kind"]) for one in self.json()["regions"]]


def new_volumes(tap, folder):
    for what, volser, regions, formatted in (
            ("a new volume", None, [(0, 1499, "free")], 0),
            ("a labelled volume", "LAB001", [(0, 0, "label"), (1, 1, "vtoc"), (2, 1499, "free")], 2)):
        image = Image(os.path.join(folder, f"{volser}.ckd"), 100, volser)
        tap.equal(image.regions(), regions, f"{what}: its regions")
        shown = image.json()
        tap.equal((shown["tracks"], shown["formatted"], shown["damaged"]), (1500, formatted, 0), f"{what}: its tracks")
    lines = image.map().stdout.splitlines()
    tap.equal(lines[0].split(), ["FIRST", "LAST", "TRACKS", "FORMATTED", "DAMAGED", "ALLOCATED", "USE"], "headings")
    tap.equal([line.split()[:4] for line in lines[1:4]], [["0.0", "0.0", "1", "1"], ["0.1", "0.1", "1", "1"], ["0.2", "99.14", "1498", "0"]],
              "a line for each region")


def partitioned(folder, name="parts.ckd"):
    """Two partitions of Linux, and a data set in two extents. 300 tracks of the first are written, and one is damaged."""
    image = Image(os.path.join(folder, name), 100, "0X1234")
    image.write_vtoc(1, format_1("LINUX.V0X1234.PART0001.NATIVE", extent(2, 599)),
                     format_1("LINUX.V0X1234.PART0002.NATIVE", extent(600, 899)),
                     format_1("SYS1.DATA-SET", extent(1000, 1009), extent(1100, 1109, 1), extent(1200, 1209, 2)),
                     format_3(extent(1300, 1309)))
    for track in range(2, 302):
        image.write(track, data_track(track))
    image.write(20, slot(21))
    return image


def partitions(tap, folder):
    image = partitioned(folder)
    one, two, three = "LINUX.V0X1234.PART0001.NATIVE", "LINUX.V0X1234.PART0002.NATIVE", "SYS1.DATA-SET"
    tap.equal(image.regions(), [(0, 0, "label"), (1, 1, "vtoc"), (2, 599, one), (600, 899, two), (900, 999, "free"),
                                (1000, 1009, three), (1010, 1099, "free"), (1100, 1109, three), (1110, 1199, "free"),
                                (1200, 1209, three), (1210, 1299, "free"), (1300, 1309, three), (1310, 1499, "free")],
              "partitions and data sets, also those of a format-3 DSCB")
    region = image.json()["regions"][2]
    tap.equal((region["formatted"], region["damaged"]), (299, 1), "the tracks of a partition")
    with open(image.path, "rb") as file:
        has_holes = os.lseek(file.fileno(), 0, os.SEEK_HOLE) < os.path.getsize(image.path)
    if has_holes:
        tap.equal(region["allocated"], 300, "those that are on the host")
    else:
        tap.skip("those that are on the host", "this file system has no holes")
    sums = [sum(one[key] for one in image.json()["regions"]) for key in ("tracks", "formatted", "damaged", "allocated")]
    total = image.json()
    tap.equal(sums, [total[key] for key in ("tracks", "formatted", "damaged", "allocated")], "the regions add up to the volume")


def into_a_pipe(tap, folder):
    """A pipe has no name from which the picture could get its own."""
    image = Image(os.path.join(folder, "piped.ckd"), 1)
    reader, writer = os.pipe()
    with open(reader, "rb") as pipe:
        result = subprocess.run([VIRT_CCW, "dasd", "map", image.path, "--svg", f"/dev/fd/{writer}"], check=False, timeout=TIMEOUT,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=[writer])
        os.close(writer)
        text = pipe.read()
    tap.ok(result.returncode == 0 and text.startswith(b"<?xml") and text.endswith(b"</svg>\n"), "into a pipe", result.stderr, text[:80])


def quiet_check(tap, folder):
    """Warnings that --quiet hides do not use up the limit of messages."""
    image = Image(os.path.join(folder, "quiet.ckd"), 10)
    for track in range(60):
        image.write(track, b"\x01" + slot(track)[1:])  # a track with the defective flag
    image.write(100, slot(101))
    result = subprocess.run([VIRT_CCW, "dasd", "check", "--quiet", image.path], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=TIMEOUT)
    tap.ok(result.returncode == 1 and "the home address is that of" in result.stdout and "more:" not in result.stdout and
           "defective" not in result.stdout, "check --quiet prints the error behind 60 warnings", result)


def pictures(tap, folder):
    image = Image(os.path.join(folder, "a <b> & c.ckd"), 65520, "LARGE1")
    image.write(500_000, data_track(500_000))
    image.write(900_000, slot(1))
    picture = image.draw(tap, "the largest volume")
    tap.ok(picture.size < PICTURE_MAX, "it is not large", picture.size)
    texts = picture.texts()
    tap.ok("a <b> & c.ckd" in texts and any("65520 cylinders, volume LARGE1" in text for text in texts), "it has its name", texts)
    for style_class, track in (("damaged", 900_000), ("formatted", 500_000)):
        x = LANE_LEFT + track * LANE_WIDTH // image.tracks
        tap.ok(any(abs(one[0] - x) <= 1 for one in picture.rectangles(style_class)), f"one {style_class} track is seen at its place",
               picture.rectangles(style_class))
    tap.equal(len(picture.rectangles("damaged")), 1, "and no other")
    converter = shutil.which("rsvg-convert")
    if converter:
        result = subprocess.run([converter, picture.path, "-o", picture.path + ".png"], stderr=subprocess.PIPE, text=True, check=False, timeout=TIMEOUT)
        tap.ok(result.returncode == 0 and os.path.getsize(picture.path + ".png") > 1000, "a program that draws SVG takes it", result.stderr)
    else:
        tap.skip("a program that draws SVG takes it", "rsvg-convert is not installed")
    small = Image(os.path.join(folder, "small.ckd"), 1)
    lanes = small.draw(tap, "the smallest volume").rectangles("allocated")
    tap.ok(lanes and all(one[0] + one[2] <= LANE_LEFT + LANE_WIDTH for one in lanes), "its lanes are as wide", lanes)
    picture = partitioned(folder, "drawn.ckd").draw(tap, "partitions")
    texts = picture.texts()
    tap.ok(texts.count("LINUX.V0X1234.PART0001.NATIVE") == 2, "a partition is named in its lane and in the table", texts)
    covered = sum(one[2] * one[3] for one in picture.rectangles("formatted"))
    tap.ok(abs(covered / (LANE_WIDTH * 90) - 301 / 1500) < 0.02, "the formatted part has its share of the lane", covered)


def hostile(tap, folder):
    image = Image(os.path.join(folder, "hostile.ckd"), 20, "EVIL01")
    # Extents that overlap, lie outside, run backwards, and a VTOC over the whole volume.
    image.write_vtoc(1, format_1("A", extent(10, 50)), format_1("B", extent(40, 60)), format_1("C", extent(299, 9999)),
                     format_1("D", extent(9000, 9001)), format_1("E", extent(200, 100)), format_1("\x01<&\"", extent(70, 70)))
    regions = image.regions()
    tap.equal([region for region in regions if region[2] in "ABCDE"], [(10, 50, "A"), (51, 60, "B"), (299, 299, "C")],
              "overlaps and extents outside the volume are cut")
    tap.ok(regions[0][0] == 0 and regions[-1][1] == 299 and
           all(one[1] + 1 == other[0] for one, other in zip(regions, regions[1:])), "every track is in one region", regions)
    image.draw(tap, "its picture is XML")
    image.write(1, slot(1, record(1, 1, *format_4(299))))
    tap.equal(image.regions(), [(0, 0, "label"), (1, 299, "vtoc")], "a VTOC that has the whole volume")
    many = Image(os.path.join(folder, "many.ckd"), 2000, "MANY01")
    many.write_vtoc(60, *(format_1(f"SET{number}", extent(100 + 2 * number, 100 + 2 * number)) for number in range(2300)))
    size = many.draw(tap, "thousands of data sets").size
    tap.ok(size < PICTURE_MAX, "and a picture that is not large", size)
    before = os.path.getsize(many.path)
    result = many.map("--svg", many.path)
    tap.ok(result.returncode == 1 and "this is the image itself" in result.stderr and os.path.getsize(many.path) == before,
           "the picture does not replace its image", result.stderr)


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        for part in (new_volumes, partitions, pictures, into_a_pipe, quiet_check, hostile):
            part(tap, folder)
    tap.done()


main()
