#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients at once, for some time: attaches and detaches of four devices to and from two guests by independent
clients, starts and ends of guests that want the same devices, and node device operations. Whatever each client was
answered, in the end journal, sysfs, libvirt and QEMU agree, and nothing is left over. Run as: test-storm.py VIRT-CCW
LIBVIRT_CCW_STORM: seconds of the storm, LIBVIRT_CCW_SOAK: rounds of attach and detach, more than by default."""

import os
import sys
import threading
import time

from daemons import processes, text_of
from files import temporary_folder
from labtest import DAEMON_LOGS, inside_a_lab, rounds
from races import CCW, DEVICES, JOURNAL, Host
from steps import SLOWER, Steps, expect
from waiting import wait_until

SECONDS = int(os.environ.get("LIBVIRT_CCW_STORM", 6 * SLOWER))
ROUNDS = int(os.environ.get("LIBVIRT_CCW_SOAK", rounds(6)))
LOG = "/var/log/libvirt/virtccwd.log"


class Many:
    """Runs functions in parallel. The first failure is raised."""

    def __init__(self, functions):
        self.failure = None
        threads = [threading.Thread(target=self._run, args=(function,)) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.failure:
            raise self.failure

    def _run(self, function):
        try:
            function()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = self.failure or failure


class Storm:
    def __init__(self, host):
        self.host = host
        self.said = {}  # (verb, whether it succeeded) -> how often
        self.lock = threading.Lock()

    def tries(self, *args):
        code, output = self.host.tries(*args)
        with self.lock:
            key = (args[0], "done" if code == 0 else "refused")
            self.said[key] = self.said.get(key, 0) + 1
        if code:
            expect("unknown cause" not in output and "Input/output error" not in output, output)
        return code

    def run_clients(self, note):
        """Each client runs its own operations in its own order until the time is over."""
        until = time.monotonic() + SECONDS
        plans = [[("attach-device", guest, self.host.devices[device], "--live") for device in order] +
                 [("detach-device", guest, self.host.devices[device], "--live") for device in order]
                 for guest, order in (("one", DEVICES), ("two", DEVICES), ("one", DEVICES[::-1]))]
        plans += [[("start", guest, "--paused"), ("destroy", guest)] for guest in ("a", "b", "u")]
        plans += [[(f"nodedev-{verb}", CCW) for verb in ("detach", "reset", "reattach")]]

        def client(plan):
            while time.monotonic() < until:
                for args in plan:
                    self.tries(*args)

        Many([lambda plan=plan: client(plan) for plan in plans])
        note(", ".join(f"{verb} {how} {count}" for (verb, how), count in sorted(self.said.items())))
        expect(("attach-device", "done") in self.said, "attach-device was always refused")

    def is_over(self):
        """Journal, libvirt and kernel agree; then everything is released, and the host is as it was."""
        wait_until(self.is_agreed, "all say the same")
        for name in ("a", "b", "u"):
            self.host.destroy(name)
        for name in ("one", "two"):
            for device in self.host.devices.values():
                self.host.tries("detach-device", name, device, "--live")
        self.host.tries("nodedev-reattach", CCW)
        self.host.comes_back()

    def is_agreed(self):
        """The watcher may still be working: its last result counts."""
        try:
            self.host.agreed()
            return True
        except Exception:  # pylint: disable=broad-except
            return False

    # The same operations again and again.

    @staticmethod
    def measured():
        """Returns {descriptors, threads, MiB} of virtccwd, and the number of files in the journal without locks."""
        pid = processes("virtccwd")[0]
        status = dict(line.split(":\t", 1) for line in text_of(f"/proc/{pid}/status").splitlines() if ":\t" in line)
        return {"descriptors": len(os.listdir(f"/proc/{pid}/fd")), "threads": int(status["Threads"]),
                "KiB": int(status["VmRSS"].split()[0]),
                "files": len([name for name in os.listdir(JOURNAL) if not name.endswith(".lock")])}

    def one_round(self):
        pairs = [(("one", "two")[i % 2], device) for i, device in enumerate(self.host.devices.values())]
        for verb in ("attach-device", "detach-device"):
            Many([lambda pair=pair, verb=verb: self.host.virsh(verb, *pair, "--live") for pair in pairs])

    def leaks_nothing(self, note):
        for _ in range(rounds(3)):  # fills caches and pools of threads
            self.one_round()
        before = self.measured()
        started = time.monotonic()
        for _ in range(ROUNDS):
            self.one_round()
        seconds = time.monotonic() - started
        self.host.expect_as_before()
        after = self.measured()
        note(f"{ROUNDS} rounds of 4 attaches and 4 detaches, {1000 * seconds / ROUNDS:.0f} ms each: {before}, then {after}")
        expect(after["files"] == 0, f"left in {JOURNAL}: {os.listdir(JOURNAL)}")
        wait_until(lambda: self.measured()["descriptors"] <= before["descriptors"], "no descriptor is left over")
        expect(after["threads"] <= before["threads"] + 8, f"threads: {before}, then {after}")  # GLib's pool
        expect(after["KiB"] <= before["KiB"] + 2048 + 4 * ROUNDS, f"memory: {before}, then {after}")

    def quiet(self):
        bad = [line for line in text_of(LOG).splitlines() if "CRITICAL" in line]
        expect(not bad, "virtccwd complains: " + "\n".join(bad))


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        host = Host(virt_ccw, folder)
        host.start("one", "two")
        storm = Storm(host)
        steps.run(f"{ROUNDS} rounds of attach and detach, in parallel, leave nothing over", storm.leaks_nothing, steps.note)
        steps.run(f"{SECONDS} seconds of everything at once", storm.run_clients, steps.note)
        steps.run("then all parts agree, and the host is as it was", storm.is_over)
        steps.run("and virtccwd has logged no warning", storm.quiet)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, DEVICES))
