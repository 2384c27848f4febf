#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd links neither the code that starts an emulator nor any caller of libxml2, which takes more than linear time
for a client's input. virt-ccw does not link the proxy. TAP.

    test-virtccwd-links.py VIRTCCWD VIRT-CCW
"""

import re
import shutil
import subprocess
import sys

from tap import Tap, skip_all

# A function of each, which a program links if it uses that code.
FORBIDDEN = {
    "starts an emulator": r"qemu_qmp_\w+|qemu_caps_(record|get)|launcher_\w+|qemu_private_libvirt_\w+",
    "validates by a schema": r"xmlRelaxNG\w+|conf_validate",
    "parses with libxml2, and aborts without memory": r"xmlNewParserCtxt|xmlCtxtReadMemory|conf_xml_dom_\w+",
}


PROXY = r"(remote|rpc)_\w+"


def symbols(program):
    output = subprocess.run(["nm", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in output.splitlines() if line}


def main():
    virtccwd, virt_ccw = (symbols(program) for program in sys.argv[1:3])
    tap = Tap()
    for what, pattern in FORBIDDEN.items():
        found, known = ({name for name in names if re.fullmatch(pattern, name)} for names in (virtccwd, virt_ccw))
        tap.ok(known and not found, f"virtccwd has nothing that {what}", f"virtccwd has: {', '.join(sorted(found))}",
               f"virt-ccw, which has it, shows {len(known)} such symbols: without any the pattern is out of date")
    found, known = ({name for name in names if re.fullmatch(PROXY, name)} for names in (virt_ccw, virtccwd))
    tap.ok(known and not found, "virt-ccw has nothing of the proxy", f"virt-ccw has: {', '.join(sorted(found))}")
    tap.done()


if __name__ == "__main__":
    if not shutil.which("nm"):
        skip_all("there is no nm")
    main()
