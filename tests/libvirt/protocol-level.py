#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks whether the installed libvirt has procedures that virtccwd's table was not compared with. The table says how
far it was compared; libvirt appends new procedures. Calls each higher number with an empty payload: libvirt answers
"unknown" if it lacks the procedure, and otherwise an error about its arguments, or success if it has none. libvirt also
answers "unknown" for events, which only libvirt sends: this test does not find them.

    protocol-level.py CCW-PROCEDURES.H VIRTCCWD
"""

import os
import re
import struct
import sys

import private_libvirt
from files import read
from private_libvirt import BACKEND, Private
from rpc import Client, is_ok
from steps import Steps, expect

RPC_ERROR, SUCCESS = 39, None  # VIR_ERR_RPC
UNKNOWN, UNDECODABLE = "unknown procedure", "Unable to decode message payload"
GAP = 64  # libvirt numbers its procedures without gaps, except for events
# Procedures of libvirt 9.0 with arguments, without, and an event. They show that the test works.
WITH_ARGUMENTS, WITHOUT_ARGUMENTS, EVENT = 443, 59, 376
TRIED_LEVEL = 400


def answer(client, number):
    """Returns the code and the text of libvirt's error, or SUCCESS."""
    reply = client.call(number)
    if is_ok(reply):
        return SUCCESS, ""
    code, _, present = struct.unpack_from(">III", reply, 24)
    length = struct.unpack_from(">I", reply, 36)[0] if present else 0
    return code, reply[40:40 + length].decode()


def has(client, number):
    code, text = answer(client, number)
    if code == RPC_ERROR and text.startswith(UNKNOWN):
        return False
    expect(code is SUCCESS or (code == RPC_ERROR and text.startswith(UNDECODABLE)),
           f"procedure {number} with an empty payload: error {code}, '{text}'")
    return True


def procedures_above(level):
    """Returns the procedures that libvirtd has, up to the first long gap."""
    found = []
    with Client(f"{BACKEND}/libvirt-sock") as client:
        number = level + 1
        while number <= max([level] + found) + GAP:
            if has(client, number):
                found.append(number)
            number += 1
    return found


def checked_level(header):
    return int(re.search(r"#define REMOTE_PROCEDURES_CHECKED (\d+)", read(header)).group(1))


def tell_apart():
    with Client(f"{BACKEND}/libvirt-sock") as client:
        for number, words in ((WITH_ARGUMENTS, UNDECODABLE), (EVENT, UNKNOWN), (99999, UNKNOWN)):
            code, text = answer(client, number)
            expect(code == RPC_ERROR and text.startswith(words), f"procedure {number}: error {code}, '{text}'")
        expect(answer(client, WITHOUT_ARGUMENTS)[0] is SUCCESS, f"procedure {WITHOUT_ARGUMENTS} fails")


def finds_known(steps):
    found = procedures_above(TRIED_LEVEL)
    steps.note(f"above {TRIED_LEVEL}: {', '.join(map(str, found))}")
    expect({419, 421, 428, 430, 436, 441, WITH_ARGUMENTS} <= set(found), f"above {TRIED_LEVEL} only {found} are found")


def finds_nothing_new(steps, header):
    level = checked_level(header)
    found = procedures_above(level)
    steps.note(f"the table is checked up to {level}, and libvirt has nothing above it" if not found else "")
    expect(not found, f"libvirt has procedures {', '.join(map(str, found))}, and {os.path.basename(header)} has been checked "
           f"up to {level}: read in libvirt's remote_protocol.x what they carry, add rows where they need one, and raise "
           "REMOTE_PROCEDURES_CHECKED")


def main():
    if len(sys.argv) != 3:
        print("usage: protocol-level.py CCW-PROCEDURES.H VIRTCCWD", file=sys.stderr)
        sys.exit(2)
    private_libvirt.enter()
    libvirt = Private(os.path.abspath(sys.argv[2]))
    steps = Steps(False)
    steps.run("libvirtd starts", libvirt.start_libvirtd)
    steps.run("the test distinguishes a procedure of libvirt from an unknown one", tell_apart)
    steps.run("with a lower level the test finds the procedures above it", lambda: finds_known(steps))
    steps.run("the table has been checked against all that libvirt has",
              lambda: finds_nothing_new(steps, os.path.abspath(sys.argv[1])))
    steps.done()


if __name__ == "__main__":
    main()
