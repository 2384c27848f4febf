#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virt-ccw trace of a real guest, in a lab: from the first SENSE ID to dasdfmt, as text, as JSON, recorded and decoded
again; a filter; a tracer that ends by a signal, one that is killed, and the end of QEMU."""

import json
import os
import re

from labguest import BUS_ID, LabGuest, device_xml, options
from steps import command, expect
from tracer import Tracer, functions, wanted

READ = "dd if=/dev/dasda of=/dev/null bs=4096 count=1 skip=%d iflag=direct 2>&1"


class Trace(LabGuest):
    qemu = None

    def file(self, name):
        return os.path.join(self.options.workdir, name)

    def reject(self, message, *args):
        code, output = command(["virt-ccw", "trace", *args], check=False)
        self.steps.note(output)
        expect(code == 1 and "\n" not in output and message in output, f"exit code {code}, not a line with: {message}")

    def nothing_to_trace(self):
        self.reject("no running QEMU has an embedded channel device")
        self.reject("there is no running domain 'nobody'", "nobody")
        self.reject(f"process {os.getpid()} has no embedded channel device", "--pid", str(os.getpid()))

    def boot_traced(self):
        self.define(device_xml())
        waiting = Tracer("--wait", "--count", "1")
        self.virsh("start", "--paused", self.name)
        tracer = Tracer(self.name, "--output", self.file("boot.txt")).attached()
        self.virsh("resume", self.name)
        self.connect()
        self.guest.await_boot(self.console)
        self.steps.note(self.in_guest("uname -srm"))
        self.sees_device()
        self.online()
        tracer.end()
        wanted(waiting.attached().ended(), "SSCH")

    def boot_lines(self):
        with open(self.file("boot.txt"), encoding="utf-8") as file:
            text = file.read()
        for patterns in (
                (rf"^{re.escape(BUS_ID)} #\d+ SSCH fmt1 .*lpm 80 cpa [0-9a-f]{{8}}$",
                 r"\[0\] e4 SENSE ID sli \d+ .*: cutype 3990/e9, devtype 3390/\w\w, ciw 40fa0100", r"= device ce de at \[0\]"),
                (r"34 SENSE PATH GROUP ID .*state 00 \(reset\)",),
                (r"af SET PATH GROUP ID .*function 80 \(establish, multipath\)",),
                (r"fa READ CONFIGURATION DATA ",),
                (r"64 READ DEVICE CHARACTERISTICS .*devtype 3390/\w\w, .*cylinders 1113, heads 15, sectors 224",),
                (r"27 PERFORM SUBSYSTEM FUNCTION .*order 18 .*suborder 41 \(feature codes\)", r"\[1\] 3e READ SUBSYSTEM DATA"),
                (r"\[0\] 63 DEFINE EXTENT cc 16 .*from cyl 0 head 0, to cyl \d+ head \d+",
                 r"\[1\] 47 LOCATE RECORD cc 16 .*operation \w\w", r"12 READ COUNT ")):
            self.steps.note("\n".join(wanted(text, *patterns)[:4]))

    def storage_answered(self):
        """Linux logs a rejected query in the debug log of its DASD driver, and not in dmesg."""
        with open(self.file("boot.txt"), encoding="utf-8") as file:
            text = file.read()
        for query in (r"52 \(volume storage query\)", r"53 \(logical configuration query\)"):
            self.steps.note("\n".join(wanted(text, rf"27 PERFORM SUBSYSTEM FUNCTION .*suborder {query}",
                                             r"\[1\] 3e READ SUBSYSTEM DATA", r"= device ce de at \[1\]")))
        listing = self.in_guest(f"cd /sys/bus/ccw/devices/{BUS_ID} && grep . ese capacity/* extent_pool/*")  # as lsdasd -l does
        self.steps.note(listing)
        shown = dict(re.findall(r"^(?:\w+/)?(\w+):(\S+)$", listing, re.M))
        wanted_storage = {"ese": "0", "extent_size": "1113", "logical_capacity": "1113", "space_allocated": "1113",
                          "space_configured": "1113", "pool_id": "0", "pool_oos": "0"}
        expect({name: shown.get(name) for name in wanted_storage} == wanted_storage, f"Linux shows other storage: {shown}")
        log = self.in_guest("mount -t debugfs debugfs /sys/kernel/debug && cat /sys/kernel/debug/s390dbf/dasd/sprintf")
        self.steps.note(log)
        expect("debug area created" in log, "the log does not begin where the driver did:\n" + log)
        expect(not re.search("fail|reject|refus|rc=-", log, re.I), "a query was refused:\n" + log)

    def format_traced(self):
        tracer = Tracer("--record", self.file("format.trace")).attached()
        self.format()
        tracer.end()
        text = command(["virt-ccw", "trace", "--decode", self.file("format.trace")])[1]
        self.steps.note(f"{os.path.getsize(self.file('format.trace'))} bytes, {len(functions(text))} functions")
        wanted(text, r"DEFINE EXTENT|PREFIX", r"[19]d WRITE COUNT, KEY AND DATA.*record cyl \d+ head \d+ rec 1, key length 0, data length 4096")
        one = command(["virt-ccw", "trace", "--decode", self.file("format.trace"), "--json", "--count", "1"])[1]
        expect(json.loads(one)["device"] == BUS_ID, one)

    def json_of_one_read(self):
        tracer = Tracer("--json", "--count", "1", "--device", BUS_ID).attached()
        self.in_guest(READ % 30)
        one = json.loads(tracer.ended())
        self.steps.note(json.dumps(one))
        expect(one["function"] == "SSCH" and one["status"]["device"] == ["ce", "de"], "not a good start function")
        extent = one["ccws"][0]["parameters"]
        expect("cyl 0 head 2" in (extent["from"], extent["to"]), "record 30 is on track 2")

    def filtered(self):
        self.reject(f"domain '{self.name}' has no embedded channel device 0.0.4711", self.name, "--device", "4711")
        self.reject("no running QEMU has the embedded channel device 0.0.4711", "--device", "0.0.4711")
        tracer = Tracer("--wait", "--device", "0.0.4711").attached()
        self.in_guest(READ % 40)
        output = tracer.end()
        expect(output == "", "another device was asked for, and this came:\n" + output)

    def silent(self):
        """The guest does nothing: the tracer says so, and which command shows the processor's PSW. It does show it."""
        tracer = Tracer(self.name).attached()
        line = tracer.process.stderr.readline()
        tracer.end()
        found = re.search(r"has done no channel I/O for \d+ seconds, .*: '(virsh qemu-monitor-command .*)' shows its PSW", line)
        expect(found, line)
        expect("PSW" in command(found.group(1).split())[1], found.group(1))

    def killed(self):
        tracer = Tracer().attached()
        tracer.process.kill()
        tracer.process.wait(timeout=60)
        self.in_guest(READ % 50)
        tracer = Tracer("--count", "1").attached()
        self.in_guest(READ % 60)
        wanted(tracer.ended(), r"DEFINE EXTENT|PREFIX", r"READ")

    def to_the_end(self):
        tracer = Tracer("--data", "8").attached()
        self.in_guest(READ % 70)
        self.destroy()
        text = tracer.ended()
        wanted(text, r"DEFINE EXTENT|PREFIX", r" \w\w READ (TRACK )?DATA.*: [0-9a-f]{8} [0-9a-f]{8}\.\.\.$")

    def run(self):
        run = self.steps.run
        run("virsh nodedev-list --cap ccw shows the device", self.host_shows_device)
        run("without a guest there is nothing to trace", self.nothing_to_trace)
        run("a guest boots and sets the device online, traced from its first instruction", self.boot_traced)
        run("the trace shows identity, path group, characteristics, extents", self.boot_lines)
        run("the queries for its storage succeed, and Linux logs no rejected query", self.storage_answered)
        run("dasdfmt, recorded and decoded", self.format_traced)
        run("one read as JSON", self.json_of_one_read)
        run("a device that no guest has is an error, and with --wait its trace is empty", self.filtered)
        run("of a guest that does nothing it says so, and how to see its PSW", self.silent)
        run("a tracer that is killed does not disturb the guest", self.killed)
        run("the guest's kernel has logged no error of the device", self.no_dasd_error)
        run("the end of QEMU ends the trace, after its last line", self.to_the_end)
        self.steps.done()


if __name__ == "__main__":
    Trace(options(__doc__)).run()
