#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command prints the same JSON and draws the same picture in every locale, also for names with blanks and umlauts, in
a read-only home, and with a TMPDIR that is missing or full; a closed pipe ends it; colours and progress appear only on a
terminal that supports them. TAP.

    test-surroundings.py VIRT-CCW TRACEDATA
"""

import json
import os
import signal
import subprocess
import sys

import labtest
import surroundings
from tap import Tap
from terminal import output_of

VIRT_CCW, TRACEDATA = (os.path.abspath(path) for path in sys.argv[1:3])
TIMEOUT = 120
NAME = "Platte für z Linux.ckd"
RED = "\x1b[1;31m"


def run(folder, *arguments, before=(), **environment):
    return subprocess.run([*before, VIRT_CCW, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=TIMEOUT, env={**os.environ, "NO_COLOR": "", **environment})


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
    environment = surroundings.german(os.path.join(folder, "locales"))
    if environment:
        tap.ok(outputs(folder, image, environment) == expected, "the same in de_DE.UTF-8, which writes 0,5 for 0.5")
    else:
        tap.skip("the same in de_DE.UTF-8", "this locale cannot be made here")
    result = run(folder, "dasd", "info", "für nichts.ckd", LC_ALL="C")
    tap.ok(result.returncode == 1 and result.stderr.count(b"\n") == 1 and b"nichts.ckd: No such file" in result.stderr,
           "an error in the locale C is one line", result.stderr)


def works(tap, folder, name, before=(), **environment):
    """What needs no temporary file works."""
    image = os.path.join(folder, f"{name}.ckd")
    results = [run(folder, *arguments, before=before, **environment) for arguments in
               (["dasd", "create", image, "--cylinders", "5"], ["dasd", "check", image], ["dasd", "map", image, "--svg", image + ".svg"])]
    tap.ok(all(result.returncode == 0 and not result.stderr for result in results), name, [result.stderr for result in results])


def says(tap, folder, reason, before=(), **environment):
    """image run copies a root file system into TMPDIR: it says in one line that it cannot, and leaves nothing behind."""
    root, image = os.path.join(folder, "root"), os.path.join(folder, "system.ckd")
    if not os.path.exists(image):
        labtest.create_image(VIRT_CCW, image)
        os.mkdir(root)
        with open(os.path.join(root, "file"), "wb") as file:
            file.write(os.urandom(1 << 20))
    result = run(folder, "image", "run", "--from", root, image, "--", "true", before=before, **environment)
    words = result.stderr.decode()
    tap.ok(result.returncode == 1 and words.count("\n") == 1 and environment["TMPDIR"] in words and reason in words,
           f"image run: {reason}", words)


def places(tap, folder):
    home = os.path.join(folder, "home")
    os.mkdir(home)
    os.chmod(home, 0o555)
    for name, environment in (("a read-only home", {"HOME": home}), ("a home that is missing", {"HOME": "/none"}),
                              ("a TMPDIR that is missing", {"TMPDIR": "/none"})):
        works(tap, folder, name, **environment)
    says(tap, folder, "No such file or directory", TMPDIR="/none")
    tap.equal(os.listdir(home), [], "nothing is written to the home")


def full(tap, folder):
    """TMPDIR is a file system without space."""
    temporary = os.path.join(folder, "temporary")
    os.mkdir(temporary)
    before = surroundings.with_full(temporary)
    if not before:
        tap.skip("a full TMPDIR", "a file system can be mounted neither by this user nor in a user namespace")
        return
    works(tap, folder, "a TMPDIR that is full", before, TMPDIR=temporary)
    # After a write that failed, libarchive 3.6 does not free the buffer of the archive.
    says(tap, folder, "No space left on device", before, TMPDIR=temporary, **surroundings.without_leaks())


def closed_pipes(tap, folder):
    """The reader of the output ends first, as head(1) does."""
    image = labtest.create_image(VIRT_CCW, os.path.join(folder, "piped.ckd"))
    for arguments in (["--help"], ["dasd", "info", image], ["dasd", "map", image], ["dasd", "check", "--verbose", image],
                      ["trace", "--decode", os.path.join(TRACEDATA, "online.trace")]):
        reader, writer = os.pipe()
        os.close(reader)
        with subprocess.Popen([VIRT_CCW, *arguments], stdout=writer, stderr=subprocess.PIPE) as process:
            os.close(writer)
            errors = process.communicate(timeout=TIMEOUT)[1]
        tap.ok(process.returncode in (-signal.SIGPIPE, 128 + signal.SIGPIPE) and not errors,
               f"a closed pipe ends {' '.join(arguments[:2])} at once", process.returncode, errors)


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
        for part in (locales, places, full, closed_pipes, colours, quiet):
            part(tap, folder)
    tap.done()


main()
