#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command prints the same JSON and draws the same picture in every locale, also for names with blanks and umlauts, in
a read-only home, and with a missing TMPDIR; colours and progress appear only on a terminal that supports them. TAP.

    test-surroundings.py VIRT-CCW TRACEDATA
"""

import json
import os
import shutil
import subprocess
import sys

import labtest
from tap import Tap
from terminal import output_of

VIRT_CCW, TRACEDATA = (os.path.abspath(path) for path in sys.argv[1:3])
TIMEOUT = 120
NAME = "Platte für z Linux.ckd"
RED = "\x1b[1;31m"


def run(folder, *arguments, **environment):
    return subprocess.run([VIRT_CCW, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=TIMEOUT, env={**os.environ, "NO_COLOR": "", **environment})


def german(folder):
    """Returns the environment of a German locale, which the test makes; None where it cannot be made."""
    path = os.path.join(folder, "locales")
    os.mkdir(path)
    if not shutil.which("localedef"):
        return None
    result = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", os.path.join(path, "de_DE.UTF-8")], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, check=False, timeout=TIMEOUT)
    if result.returncode != 0:
        return None
    # glibc never frees the words of LOCPATH, which a sanitizer would report as a leak.
    sanitizer = ":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))
    return {"LOCPATH": path, "LC_ALL": "de_DE.UTF-8", "ASAN_OPTIONS": sanitizer}


def outputs(folder, image, environment):
    """Runs what must not depend on the locale."""
    svg = os.path.join(folder, "picture.svg")
    found = []
    for arguments in (["dasd", "info", "--json", image], ["dasd", "map", "--json", image], ["dasd", "map", image, "--svg", svg],
                      ["trace", "--decode", os.path.join(TRACEDATA, "online.trace"), "--summary", "--json", "--svg", svg]):
        result = run(folder, *arguments, **environment)
        found.append((result.returncode, result.stdout, result.stderr))
        if "--svg" in arguments:
            with open(svg, "rb") as file:
                found.append(file.read())
    return found


def locales(tap, folder):
    image = labtest.create_image(VIRT_CCW, os.path.join(folder, NAME))
    expected = outputs(folder, image, {"LC_ALL": "C.UTF-8"})
    tap.ok(all(entry[0] == 0 and not entry[2] for entry in expected if isinstance(entry, tuple)), "in UTF-8 it works", expected)
    tap.equal(json.loads(expected[0][1])["image"], image, "the name is as it was given")
    tap.ok(NAME.encode() in expected[3], "also in the picture")
    tap.ok(outputs(folder, image, {"LC_ALL": "C"}) == expected, "the same in the locale C")
    environment = german(folder)
    if environment:
        tap.ok(outputs(folder, image, environment) == expected, "the same in de_DE.UTF-8, which writes 0,5 for 0.5")
    else:
        tap.skip("the same in de_DE.UTF-8", "this locale cannot be made here")
    result = run(folder, "dasd", "info", "für nichts.ckd", LC_ALL="C")
    tap.ok(result.returncode == 1 and result.stderr.count(b"\n") == 1 and b"nichts.ckd: No such file" in result.stderr,
           "an error in the locale C is one line", result.stderr)


def places(tap, folder):
    home = os.path.join(folder, "home")
    os.mkdir(home)
    os.chmod(home, 0o555)
    for name, environment in (("a read-only home", {"HOME": home}), ("a home that is missing", {"HOME": "/none"}),
                              ("a TMPDIR that is missing", {"TMPDIR": "/none"})):
        image = os.path.join(folder, f"{name}.ckd")
        results = [run(folder, *arguments, **environment) for arguments in
                   (["dasd", "create", image, "--cylinders", "5"], ["dasd", "check", image], ["dasd", "map", image, "--svg", image + ".svg"])]
        tap.ok(all(result.returncode == 0 and not result.stderr for result in results), name, [result.stderr for result in results])
    tap.equal(os.listdir(home), [], "nothing is written to the home")


def on_a_terminal(folder, *arguments, **environment):
    return output_of([VIRT_CCW, *arguments], TIMEOUT, cwd=folder,
                     env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **environment})


def colours(tap, folder):
    bad = ["dasd", "info", "none"]
    tap.ok(RED in on_a_terminal(folder, *bad), "an error is red on a terminal")
    for name, environment in (("NO_COLOR", {"NO_COLOR": "1"}), ("a terminal without colours", {"TERM": "dumb"})):
        text = on_a_terminal(folder, *bad, **environment)
        tap.ok("\x1b" not in text and "error: cannot open none" in text, f"{name}: it is not", text)
    tap.ok(b"\x1b" not in run(folder, *bad, TERM="xterm").stderr, "a pipe: it is not")


def quiet(tap, folder):
    image = labtest.create_image(VIRT_CCW, os.path.join(folder, "quiet.ckd"))
    result = run(folder, "dasd", "check", "--quiet", image)
    tap.ok(result.returncode == 0 and not result.stdout and not result.stderr, "--quiet: a clean image gives no output", result.stdout)
    with open(image, "r+b") as file:
        file.seek(512 + 3 * 56832)
        file.write(b"\0\xff\xff\xff\xff" + b"\1" * 100)
    result = run(folder, "dasd", "check", "--quiet", image)
    tap.ok(result.returncode == 1 and b"damaged" in result.stdout, "--quiet: a damaged image is reported", result.stdout)
    shown = json.loads(run(folder, "dasd", "check", "--json", image).stdout)
    tap.ok(shown["errors"] == 1 and (shown["findings"][0]["cylinder"], shown["findings"][0]["head"]) == (0, 3), "the same in JSON", shown)


def main():
    tap = Tap()
    with labtest.workdir() as folder:
        for part in (locales, places, colours, quiet):
            part(tap, folder)
    tap.done()


main()
