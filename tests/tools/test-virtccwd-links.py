#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd links neither the code that starts an emulator nor anything that calls libxml2, whose time is not linear in
what a client sends. virt-ccw does not link the proxy. TAP.

    test-virtccwd-links.py VIRTCCWD VIRT-CCW
"""

import re
import shutil
import subprocess
import sys

# What each of them would bring: the function that a program links if it uses it.
FORBIDDEN = {
    "starts an emulator": r"ccw_qmp_\w+|ccw_caps_(record|get)|ccw_launch\w*|ccw_embed_\w+",
    "validates by a schema": r"xmlRelaxNG\w+|ccw_conf_validate",
    "parses with libxml2, and aborts without memory": r"xmlNewParserCtxt|xmlCtxtReadMemory|ccw_xml_dom_\w+",
}


PROXY = r"ccw_(server|connection|relay|limits|workers|inbox|outbox|polkit|xdr)_\w+"


def symbols(program):
    output = subprocess.run(["nm", program], stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[-1].split("@")[0] for line in output.splitlines() if line}


def main():
    virtccwd, virt_ccw = (symbols(program) for program in sys.argv[1:3])
    print(f"1..{len(FORBIDDEN) + 1}")
    for number, (what, pattern) in enumerate(FORBIDDEN.items(), 1):
        found, known = ({name for name in names if re.fullmatch(pattern, name)} for names in (virtccwd, virt_ccw))
        print(f"{'not ok' if found or not known else 'ok'} {number} - virtccwd has nothing that {what}")
        if found:
            print(f"# virtccwd has {', '.join(sorted(found))}")
        if not known:
            print("# virt-ccw, which has it, shows no such symbol: the pattern is out of date")
    found, known = ({name for name in names if re.fullmatch(PROXY, name)} for names in (virt_ccw, virtccwd))
    print(f"{'not ok' if found or not known else 'ok'} {len(FORBIDDEN) + 1} - virt-ccw has nothing of the proxy")
    if found:
        print(f"# virt-ccw has {', '.join(sorted(found))}")


if __name__ == "__main__":
    if not shutil.which("nm"):
        print("1..0 # SKIP there is no nm")
    else:
        main()
