#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Installs and removes virtccwd in front of stock libvirtd and beside it, as an administrator does, with
virtccwd-setup, a real systemd, and the distribution's own units. With a modular libvirt, where it is installed, the
same for virtqemud.

    deploy.py BUILD-FOLDER      a folder of any name if packages are tested (tests/packages/test-packages)
"""

import glob
import json
import os
import re
import select
import shutil
import signal
import socket
import sys
import tempfile
from functools import partial

import auth
import hostile
import private_libvirt
import private_polkit
import private_systemd
from attacker import Attacker, highest
from deployment import PACKAGES, PREFIX, SETUP, add_units, apparmor_profile, install
from files import read, write
from sandbox import apparmor_enforced, expect_limits, expect_sandbox, main_process
from setupfiles import modes, tells_whose
from steps import SLOWER, Steps, StepSkipped, command, expect
from waiting import wait_until

UNFINISHED = 4 << 20  # bytes of a frame without its end
CLIENTS = 20  # of each user: their frames have together more bytes than one user may have
UUID = "cc390000-0001-8000-8000-000000001234"
LOG = "/run/virtccwd.log"
JOURNALD = "/run/systemd/journal/socket"
ENTRY = "/run/libvirt-ccw/devices/0.0.1234.json"
POLICY = "/usr/sbin/policy-rc.d"
HOOK = "/etc/libvirt/hooks/qemu.d/libvirt-ccw"
SERVICES = ("virtccwd.service", "virt-ccw-reconcile.service")
EXPOSURE_MAX = 30  # the highest number from 'systemd-analyze security', in tenths: 100 is the worst
BESIDE = "qemu+unix:///system?socket=/run/libvirt/virtccwd-sock"
HOSTDEV = ("<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x1234'/></source></hostdev>")
DOMAIN = """<domain type='qemu'><name>{name}</name><uuid>5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0c00{number}</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-s390x</emulator><memballoon model='none'/>{devices}</devices></domain>"""


MODULAR = ("virtqemud", "virtnodedevd", "virtproxyd")


class DeployTest:
    """daemon: libvirtd or virtqemud; uri: the clients' name for it; polkit: None without polkitd"""

    def __init__(self, daemon, uri, polkit):
        self.daemon = daemon
        self.uri = uri
        self._polkit = polkit
        self.socket = {"libvirtd": "libvirt-sock", "virtqemud": "virtqemud-sock"}[daemon]
        self.folder = tempfile.mkdtemp(dir="/run")
        self.before = None

    def virsh(self, *arguments, uri=None, **kwargs):
        return command(["virsh", "-q", "-c", uri or self.uri, *arguments], **kwargs)

    def setup(self, *arguments):
        return command([SETUP, *arguments], timeout=120)[1]

    def file(self, name, number, devices=""):
        return write(os.path.join(self.folder, f"{name}.xml"), DOMAIN.format(name=name, number=number, devices=devices))

    @staticmethod
    def files():
        """Returns what an administrator would find changed."""
        return sorted(path for folder in ("/etc/systemd", "/etc/libvirt/hooks") for path in
                      glob.glob(f"{folder}/**", recursive=True) if not os.path.isdir(path))

    def stock(self):
        """Before our installation: a guest runs."""
        self.before = self.files()
        command(["mount", "-t", "tmpfs", "none", "/home"])  # as if it were another disk
        command(["systemctl", "start", f"{self.daemon}.socket", f"{self.daemon}-ro.socket"])
        self.virsh("create", "--paused", self.file("running", 1))
        code, output = self.virsh("define", self.file("ours", 2, HOSTDEV), check=False)
        expect(code == 1 and "'ccw'" in output, f"stock libvirt takes the element already, or says otherwise: {output}")

    def is_through(self, uri):
        """The guest still runs, and virtccwd supports the element."""
        expect("running" in self.virsh("list", "--all", "--name", uri=uri)[1].split(), "the guest is gone")
        expect("paused" in self.virsh("domstate", "running", uri=uri)[1], "the guest has ended")
        self.virsh("define", self.file("ours", 2, HOSTDEV), uri=uri)
        expect("type='ccw' managed='yes'" in self.virsh("dumpxml", "ours", uri=uri)[1], "virtccwd is not between")
        expect("ours" in self.virsh("-r", "list", "--all", "--name", uri=uri)[1], "the read-only socket is not served")

    def hook_runs(self, uri):
        """libvirt calls the hook without any configuration by the administrator."""
        code, output = self.virsh("start", "ours", uri=uri, check=False)
        reason = output.partition("Hook script execution failed: ")[2]
        expect(code == 1 and ("kernel module" in reason or "ccw device" in reason), output)

    def hook_logs(self):
        """The hook of a domain that starts writes to systemd's journal. This test serves the journal's socket."""
        os.makedirs(os.path.dirname(JOURNALD), exist_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
            journald.bind(JOURNALD)
            try:
                self.hook_runs(self.uri)
                journald.settimeout(20 * SLOWER)
                texts = [journald.recv(1 << 16).decode()]
                journald.setblocking(False)
                while select.select([journald], [], [], 0)[0]:
                    texts.append(journald.recv(1 << 16).decode())
            finally:
                os.unlink(JOURNALD)
        expect(any("cannot acquire ccw device 0.0.1234 for domain 'ours' (" in text and "SYSLOG_IDENTIFIER=virt-ccw\n" in text
                   for text in texts), texts)

    def front(self):
        shutil.rmtree("/run/libvirt-ccw/backend", ignore_errors=True)  # systemd makes it for the backend's sockets
        self.setup("front", self.daemon)
        expect(os.stat("/run/libvirt-ccw/backend").st_mode & 0o777 == 0o700, "others than root may look into the backend's folder")
        self.is_through(self.uri)
        self.hook_runs(self.uri)
        backend = f"/run/libvirt-ccw/backend/{self.socket}"
        expect(os.stat(backend).st_mode & 0o777 == 0o600, "users other than root may bypass virtccwd")
        states = command(["systemctl", "is-active", "virtccwd.socket", "virtccwd-ro.socket", "virtccwd.service"])[1]
        expect(states.split() == ["active"] * 3, states)
        output = self.setup("status")
        for words in (f"in front of {self.daemon}.", "virtccwd and virt-ccw are version",
                      f"{self.daemon}.socket is active, at {backend} (mode 600)",
                      f"virtccwd.socket is active, at /run/libvirt/{self.socket} (mode 666)", f"libvirt's hook is {HOOK}",
                      "a call through virtccwd is answered", "QEMU takes <hostdev type='ccw'>",
                      "No device is detached", "journalctl -u virtccwd"):
            expect(words in output, f"no '{words}' in\n{output}")

    def status_complains(self):
        """virtccwd-setup status names the missing parts, and has a matching exit code."""
        command(["systemctl", "stop", "virtccwd-ro.socket"])
        os.chmod(HOOK, 0o644)
        os.chmod(f"/run/libvirt-ccw/backend/{self.socket}", 0o666)
        code, output = command([SETUP, "status"], check=False, timeout=120)
        os.chmod(f"/run/libvirt-ccw/backend/{self.socket}", 0o600)
        expect("users can bypass virtccwd" in output and "'When something is wrong' in" in output, output)
        expect(code == 1 and "WRONG  virtccwd-ro.socket is inactive" in output and f"WRONG  {HOOK} may not" in output, output)
        os.chmod(HOOK, 0o755)
        command(["systemctl", "stop", "virtccwd.service", "virtccwd.socket"])  # a socket starts only before its service
        command(["systemctl", "start", "virtccwd.socket", "virtccwd-ro.socket"])
        command(["systemctl", "start", "virtccwd.service"])
        expect("WRONG" not in self.setup("status"), "it is mended, and status does not see it")

    def activated(self):
        """systemd starts virtccwd when a client connects, also after virtccwd was killed."""
        pid = self.process()
        command(["systemctl", "stop", "virtccwd.service"])
        self.is_through(self.uri)
        again = self.process()
        expect(again not in (pid, "0"), f"it is process {again}, and was {pid}")
        command(["systemctl", "kill", "--signal", "KILL", "virtccwd.service"])
        self.is_through(self.uri)

    @staticmethod
    def process():
        return main_process("virtccwd.service")

    def sandboxed(self):
        """The sandbox and the limits of its unit are in force, and virtccwd can read what it needs."""
        pid = self.process()
        expect_sandbox(pid)
        expect_limits("virtccwd.service", files=65536, tasks=512, memory=2 << 30)
        expect(os.stat("/run/libvirt-ccw").st_mode & 0o777 == 0o700, "others than root may look into /run/libvirt-ccw")
        home = f"{os.major(os.stat('/home').st_dev)}:{os.minor(os.stat('/home').st_dev)}"
        with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as file:
            expect(any(line.split()[2] == home for line in file), "virtccwd does not see that /home is mounted")

    def confined(self, profile):
        """virtccwd works while AppArmor enforces its profile."""
        with apparmor_enforced(profile):
            command(["systemctl", "restart", "virtccwd.service"])
            label = read(f"/proc/{self.process()}/attr/current").strip("\0\n")
            expect(label == "virtccwd (enforce)", f"virtccwd is confined as '{label}'")
            self.is_through(self.uri)
            self.hook_runs(self.uri)
            self.leave_behind()
            command(["systemctl", "restart", "virtccwd.service"])
            wait_until(lambda: not os.path.exists(ENTRY), "virtccwd releases what the journal has")
        command(["systemctl", "restart", "virtccwd.service"])

    def journal_stays(self):
        """A restart keeps the journal, which virtccwd reads, and changes, in its sandbox."""
        with open("/run/libvirt-ccw/of-a-test", "w", encoding="ascii"):
            pass
        self.leave_behind()
        command(["systemctl", "restart", "virtccwd.service"])
        wait_until(lambda: not os.path.exists(ENTRY), "virtccwd releases what the journal has")
        command(["systemctl", "stop", "virtccwd.service"])
        expect(os.path.exists("/run/libvirt-ccw/of-a-test"), "systemd removed the journal")
        os.unlink("/run/libvirt-ccw/of-a-test")
        command(["systemctl", "start", "virtccwd.service"])

    def polkit(self):
        if not self._polkit:
            raise StepSkipped(f"there is no {private_polkit.missing()}")
        return self._polkit

    def polkit_decides(self):
        """virtccwd uses the system's message bus from within the sandbox."""
        polkit = self.polkit()
        polkit.start()
        for user, allowed in (("member", True), ("guest", False)):
            code, output = command([*private_polkit.as_user(user), "virsh", "-q", "-c", self.uri, "list", "--all", "--name"],
                                   check=False)
            expect((code == 0 and "running" in output) if allowed else (code == 1 and "authenticat" in output),
                   f"{user}: {output}")
        polkit.stop()

    def memory_is_bounded(self, note):
        """All users but root use up their shares: first with incomplete frames, then with calls that virtccwd rewrites.
        The process stays below the unit's MemoryMax=, so that the kernel has no reason to kill it."""
        polkit = self.polkit()
        limit = int(command(["systemctl", "show", "--value", "-p", "MemoryMax", "virtccwd.service"])[1]) // 1024
        pid, path = self.process(), f"/run/libvirt/{self.socket}"
        polkit.rules(auth.RULES)
        polkit.start()
        before = self.peak(pid)
        nameless = hostile.SHAPES["4 MiB of ccw hostdevs"]().replace("<name>attack</name>", "")  # libvirt rejects it at once
        for what, attack in (("frames that do not end", partial(hostile.keep_unfinished, path, UNFINISHED)),
                             ("calls that virtccwd rewrites", partial(hostile.define, path, nameless))):
            attackers = [Attacker(user, attack, CLIENTS) for user in private_polkit.USERS]
            try:
                attackers[-1].wait_for("connected", CLIENTS, 60)
                peak = highest(lambda: self.peak(pid), lambda now: now >= limit, 3, 20 * SLOWER)
                note(f"{what}: virtccwd had {before} KiB and has had {peak} KiB at most, MemoryMax= is {limit} KiB; "
                     + "; ".join(str(attacker.counts) for attacker in attackers))
            finally:
                for attacker in attackers:
                    attacker.end()
            expect(peak < limit, f"{what}: virtccwd has had {peak} KiB, MemoryMax= is {limit} KiB")
            expect(self.process() == pid, f"{what}: virtccwd was started again")
        self.is_through(self.uri)
        polkit.stop()
        polkit.rules("")

    @staticmethod
    def peak(pid):
        """Returns the highest resident KiB, and the kernel's count for the unit's control group, if it counts here."""
        resident = int(re.search(r"VmHWM:\s*(\d+)", read(f"/proc/{pid}/status"))[1])
        group = command(["systemctl", "show", "--value", "-p", "ControlGroup", "virtccwd.service"])[1]
        counted = f"/sys/fs/cgroup{group}/memory.peak"
        return max(resident, int(read(counted)) // 1024 if os.path.exists(counted) else 0)

    def package_upgraded(self):
        """Clients find virtccwd during and after an upgrade of its package: its sockets listen all the time."""
        if not PACKAGES:
            raise StepSkipped("no package is tested here (./check packages)")
        show = ["systemctl", "show", "--property", "ActiveState,ActiveEnterTimestampMonotonic", "virtccwd.socket", "virtccwd-ro.socket"]
        sockets, pid = command(show)[1], self.process()
        expect(sockets.count("=active") == 2 and pid != "0", sockets)
        if os.path.exists(POLICY):  # of scripts/distro-root: a package that is installed there starts no service
            command(["mount", "--bind", write(os.path.join(self.folder, "policy"), "#!/bin/sh\nexit 0\n", 0o755), POLICY])
        command(["dpkg", "--install", *glob.glob(f"{PACKAGES}/libvirt-ccw_*.deb")], timeout=120)
        expect(command(show)[1] == sockets, f"the sockets were stopped: {sockets}\n{command(show)[1]}")
        expect(self.process() not in (pid, "0"), f"the old virtccwd still runs, or none: {pid}, {self.process()}")
        self.is_through(self.uri)

    def backend_restarts(self):
        command(["systemctl", "restart", f"{self.daemon}.service"])
        self.is_through(self.uri)

    def beside(self):
        output = self.setup("beside", self.daemon)
        expect(BESIDE in output, output)
        self.is_through(BESIDE)
        self.hook_runs(BESIDE)
        expect(UUID in self.virsh("dumpxml", "ours")[1], "libvirt's own socket is not libvirt's own")

    def hook_alone(self):
        """Stock libvirt with the hook. After libvirtd was killed, a service releases a device that no guest has."""
        self.setup("hook", self.daemon)
        state = command(["systemctl", "is-active", "virtccwd.socket", "virtccwd.service"], check=False)[1]
        expect(state.split() == ["inactive"] * 2, state)
        expect("type='mdev'" in self.virsh("dumpxml", "ours")[1], "libvirt's own socket is not libvirt's own")
        self.hook_runs(self.uri)
        self.leave_behind()
        pid = command(["systemctl", "show", "--value", "-p", "MainPID", f"{self.daemon}.service"])[1]
        os.kill(int(pid), signal.SIGKILL)  # systemd starts it again
        wait_until(lambda: not os.path.exists(ENTRY), "virt-ccw-reconcile.service")
        expect("paused" in self.virsh("domstate", "running")[1], "the guest has ended")

    @staticmethod
    def leave_behind():
        """Writes the journal entry of a guest that ended unnoticed, for a device that no longer exists."""
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            boot = file.read().strip()
        os.makedirs(os.path.dirname(ENTRY), exist_ok=True)
        with open(ENTRY, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "device": "0.0.1234", "subchannel": "0.0.0034", "state": "owned", "since": 1, "boot": boot,
                       "domain": "c7a5fdbd-edaf-9455-926a-d65c16db1809", "token": None,
                       "found": {"online": 1, "driver": "io_subchannel", "driver-override": ""},
                       "steps": ["offline", "override", "unbind", "bind", "mdev"]}, file)

    def removed(self):
        """After removal, stock libvirt has every domain, on its own socket."""
        self.setup("remove")
        expect(self.files() == self.before, f"left: {set(self.files()) - set(self.before)}")
        expect("paused" in self.virsh("domstate", "running")[1], "the guest has ended")
        ours = self.virsh("dumpxml", "ours")[1]
        expect(UUID in ours and "type='mdev'" in ours, ours)
        expect("not found: mediated device" in self.virsh("start", "ours", check=False)[1], "the hook is there still")
        for name in ("virtccwd.socket", "virtccwd.service", "virt-ccw-reconcile.service"):
            state = command(["systemctl", "is-active", name], check=False)[1]
            expect(state in ("inactive", "failed"), f"{name} is {state}")
        self.virsh("-r", "list")
        self.virsh("undefine", "ours")
        self.virsh("define", self.file("plain", 3))
        self.virsh("start", "--paused", "plain")
        for name in ("plain", "running"):
            self.virsh("destroy", name)
        self.virsh("undefine", "plain")

    def removal_fails(self):
        """The next call completes what an interrupted one has left: clients reach libvirt at its own socket again."""
        self.front()
        broken = f"{private_systemd.OWN}/{self.daemon}.socket.d/of-a-test.conf"
        os.makedirs(os.path.dirname(broken))
        with open(broken, "w", encoding="ascii") as file:
            file.write("[Unit]\nAssertPathExists=/nothing\n")
        command(["systemctl", "daemon-reload"])
        code, output = command([SETUP, "remove"], check=False, timeout=120)
        expect(code == 1 and f"{self.daemon} may be stopped" in output and "call the same command again" in output, output)
        code, output = self.virsh("list", check=False)
        expect(code == 1, f"libvirt was not stopped, and the test shows nothing: {output}")
        output = command([SETUP, "status"], check=False, timeout=120)[1]
        expect("WRONG  an earlier command ended half way" in output, output)
        shutil.rmtree(os.path.dirname(broken))
        self.setup("remove")
        expect("running" in self.virsh("list", "--all", "--name")[1], "the guest is gone")
        expect("Nothing is set up" in self.setup("status"), "status still sees something")

    def stops(self):
        command(["umount", "/home"])
        command(["systemctl", "stop", f"{self.daemon}.socket", f"{self.daemon}-ro.socket", f"{self.daemon}.service"])


def verify():
    """Checks the units with systemd's own tools."""
    for daemon in ("libvirtd", "virtqemud"):
        if not os.path.exists(f"{private_systemd.OWN}/{daemon}.socket"):
            continue
        command([SETUP, "--root", "/", "front", daemon])
        code, output = command(["systemd-analyze", "verify", "--man=no", "virtccwd.socket", "virtccwd-ro.socket", "virtccwd.service",
                                "virt-ccw-reconcile.service", "virt-ccw-modules.service", f"{daemon}.socket",
                                f"{daemon}-ro.socket"], check=False)
        complaints = [line for line in output.splitlines() if "virtccwd" in line or "virt-ccw" in line]
        expect(code == 0 and not complaints, output)
        secure()
        command([SETUP, "--root", "/", "remove"])
    for arguments, words in (((), "Usage: "), (("front",), "'front' needs the name of a daemon"),
                             (("front", "libvirtdd"), "there is no daemon 'libvirtdd': give libvirtd, or virtqemud"),
                             (("remove", "x"), "'remove x' is not one of"), (("nonsense",), "'nonsense' is not one of")):
        code, output = command([SETUP, *arguments], check=False)
        expect(code == 2 and words in output, f"{arguments}: {code}: {output}")
    output = command([SETUP, "status"])[1]
    expect("Nothing is set up" in output, output)


def secure():
    for unit in SERVICES:
        code, output = command(["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_MAX}", "--no-pager",
                                unit], check=False)
        expect(code == 0, output)


def own_files():
    """An installed program reads no file from the prefix's src, which is where a build tree of it would have sources."""
    decoy = f"{PREFIX}/src/conf/schemas"
    os.makedirs(decoy)
    for path in glob.glob(f"{PREFIX}/share/libvirt-ccw/*.rng"):
        with open(os.path.join(decoy, os.path.basename(path)), "w", encoding="ascii") as file:
            file.write("this is no schema\n")
    expect(os.listdir(decoy), "no schema is installed")
    with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
        file.write("<hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source></hostdev>")
        file.flush()
        command([f"{PREFIX}/bin/virt-ccw", "validate", file.name])
    shutil.rmtree(f"{PREFIX}/src/conf")


def add_modular():
    """Finds the distribution's modular daemons, or those of scripts/modular-libvirt. False: there are none."""
    made = os.environ.get("CCW_MODULAR_LIBVIRT")
    folder = made or "/lib/systemd/system"
    if not os.path.exists(f"{folder}/virtqemud.socket"):
        return False
    add_units(*(f"{folder}/{name}{rest}" for name in MODULAR for rest in (".service", ".socket", "-ro.socket",
                                                                          "-admin.socket")), programs=made or "/usr/sbin")
    return True


def run_modular(steps, polkit, profile):
    """virtqemud, virtnodedevd, and virtproxyd for clients that only know libvirtd's socket."""
    command(["systemctl", "start", *(f"{name}{rest}.socket" for name in MODULAR[1:] for rest in ("", "-ro"))])
    run(steps, DeployTest("virtqemud", "qemu:///system?mode=direct", polkit), profile, ("what connects to virtproxyd", by_proxy))


def by_proxy(test):
    """virtproxyd's clients have the element, too, and node devices, which virtqemud gets from virtnodedevd."""
    test.is_through("qemu+unix:///system?socket=/run/libvirt/libvirt-sock")
    code, output = test.virsh("nodedev-list")
    expect(code == 0 and "computer" in output, output)
    expect("node device" in test.virsh("nodedev-detach", "ccw_0_0_1234", check=False)[1], "not answered")


def run(steps, test, profile, also):
    """profile: AppArmor's, of virtccwd; also: a step of this daemon alone, its name and a function of the test"""
    also_name, also_function = also
    for name, function in (("stock, with a guest", test.stock), ("virtccwd in front", test.front),
                           ("status sees what is wrong", test.status_complains),
                           ("virtccwd is in its sandbox", test.sandboxed),
                           ("virtccwd is confined by AppArmor", partial(test.confined, profile)),
                           ("polkit is asked", test.polkit_decides),
                           (also_name, partial(also_function, test)), ("the journal stays", test.journal_stays),
                           ("systemd starts virtccwd when a client connects", test.activated),
                           ("its package is upgraded", test.package_upgraded),
                           ("the backend restarts", test.backend_restarts),
                           ("the hook's lines reach systemd's journal", test.hook_logs), ("beside it", test.beside),
                           ("the hook alone", test.hook_alone), ("a removal that fails half way", test.removal_fails),
                           ("in front again", test.front), ("removed", test.removed),
                           ("stopped", test.stops)):
        steps.run(f"{test.daemon}: {name}", function)


def tests(build):
    steps = Steps(False)
    steps.run("installed", install, build)
    steps.run("only what is installed is used", own_files)
    add_units("/lib/systemd/system/libvirtd*.socket", "/lib/systemd/system/libvirtd.service",
              "/lib/systemd/system/virtlo[gc]*.socket", "/lib/systemd/system/virtlo[gc]*d.service")
    private_systemd.log_service("virtccwd.service", LOG)
    steps.log(LOG)
    modular = add_modular()
    steps.run("the units are well-formed, and sandboxed", verify)
    steps.run("the files of virtccwd-setup have fixed modes", modes)
    steps.run("virtccwd-setup names the command that reattaches a device", tells_whose)
    polkit = None
    if not private_polkit.missing():
        polkit = private_polkit.Polkit("/run/polkit.log")
        steps.log(polkit.log)
    profile = apparmor_profile(build)
    run(steps, DeployTest("libvirtd", "qemu:///system", polkit), profile,
        ("users do not fill its memory", partial(DeployTest.memory_is_bounded, note=steps.note)))
    if modular:
        run_modular(steps, polkit, profile)
    else:
        steps.skip("virtqemud", private_libvirt.no_modular())
    steps.done()


def inside():
    private_libvirt.enter()
    write("/etc/libvirt/libvirtd.conf", "")
    tests(sys.argv[1])


def main():
    if len(sys.argv) != 2:
        print("usage: deploy.py BUILD-FOLDER", file=sys.stderr)
        sys.exit(2)
    private_systemd.run(inside)


if __name__ == "__main__":
    main()
