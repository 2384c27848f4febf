#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A local user without privileges tries to keep a channel device from the host and from guests, or to slow other
clients down: by files with a device's name, mounts with a device's name, many open files, a domain with very large
metadata, a full /run, and reading the journal. The test times other users meanwhile. Run as: test-attacks-host.py
VIRT-CCW"""

import contextlib
import ctypes
import os
import resource
import shutil
import signal
import stat
import statistics
import subprocess
import sys
import threading
import time
import traceback
from functools import partial

import clock
import hostile
from files import temporary_folder
from labtest import DAEMON_LOGS, inside_a_lab, mdev_of
from races import BACKEND, CCW, DEVICES, FIRST, JOURNAL, KEPT, Host
from steps import SLOWER, Steps, StepSkipped, command, expect

SECOND = DEVICES[1]
NOBODY = 65534
PROCESSES = 10
FILES = 19900 if SLOWER == 1 else 5000  # each; an emulated machine has little memory
ROUNDS = 3
GROUPS = 32  # of VFIO, more than a lab has
HEAVY = 356_000 if SLOWER == 1 else 60_000  # bytes of attributes
HEAVY_SECONDS = 400  # libvirtd itself takes quadratic time for them, 15 s on an idle machine
PAST = f"qemu+unix:///system?socket={BACKEND}"
MS_NOSUID_NODEV = 2 | 4
MNT_DETACH = 2
PR_SET_DUMPABLE = 4
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
LIBC = ctypes.CDLL(None, use_errno=True)

def may_change_user():
    """A lab that a user has started has no other user."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        return any(int(first) <= NOBODY < int(first) + int(count) for first, _, count in map(str.split, file))


def as_nobody():
    """Runs in a child before its program: gives up all of root's rights."""
    if may_change_user():
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@contextlib.contextmanager
def attacker(attack, *args, count=1):
    """Runs COUNT processes of a user, each of which begins with attack(*args). They do not run other programs, because
    a user may not be able to run an interpreter in root's home."""
    children = []
    try:
        for _ in range(count):
            ready, begun = os.pipe()
            pid = os.fork()
            if pid == 0:
                run_attack(begun, attack, args)
            children.append(pid)
            os.close(begun)
            with os.fdopen(ready) as file:
                expect(file.read() == "begun", "the attack does not begin")
        yield children
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def run_attack(begun, attack, args):
    """Never returns."""
    try:
        kept = attack(*args)
        os.write(begun, b"begun")
        os.close(begun)
        while kept is not None:
            signal.pause()
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
    finally:
        os._exit(1)


def open_in_own_dev(names):
    """Makes a /dev/vfio with files in it, in namespaces of the user."""
    as_nobody()
    user, group = os.getuid(), os.getgid()
    LIBC.prctl(PR_SET_DUMPABLE, 1)  # otherwise /proc/self is root's after the change of the user
    if LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0:
        raise OSError(ctypes.get_errno(), "no namespaces of one's own")
    for name_of_map, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        with open(f"/proc/self/{name_of_map}", "w", encoding="ascii") as file:
            file.write(text)
    mount("tmpfs", "/dev/vfio", "tmpfs", "size=4k")
    return [os.open(f"/dev/vfio/{name}", os.O_WRONLY | os.O_CREAT) for name in names]


def open_many():
    limit = FILES + 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    as_nobody()
    first = os.open("/dev/null", os.O_RDONLY)
    return [os.dup(first) for _ in range(FILES)]


def mount(source, where, kind, options):
    """Calls mount(2), which does not check the source. fusermount3 does not either."""
    if LIBC.mount(source.encode(), where.encode(), kind.encode(), MS_NOSUID_NODEV, options.encode()) < 0:
        raise OSError(ctypes.get_errno(), f"cannot mount {kind} on {where}")


def seconds_of(function, *args):
    started = time.monotonic()
    function(*args)
    return time.monotonic() - started


class Attacks:
    def __init__(self, host, folder, note):
        self.host = host
        self.folder = folder
        self.note = note

    def disk(self):
        """Returns the disk's name; None in a lab, whose DASDs are no disks."""
        folder = f"/sys/bus/ccw/devices/{FIRST}/block"
        return os.listdir(folder)[0] if os.path.exists(folder) else None

    # The attack's effects on other users.

    def detach(self):
        self.host.virsh("nodedev-detach", CCW)

    def reattach(self):
        self.host.virsh("nodedev-reattach", CCW)

    @contextlib.contextmanager
    def busy_host(self):
        """A second client detaches and reattaches the first device in a loop."""
        stop, failed = threading.Event(), []

        def work():
            try:
                while not stop.is_set():
                    self.detach()
                    self.reattach()
            except Exception as error:  # pylint: disable=broad-except
                failed.append(error)
        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        expect(not failed, f"beside it, detach and reattach: {failed}")
        self.host.expect_as_before()

    def check_list(self, what):
        """Times 'virsh list' of other users, while the host side works on the attacked device."""
        with self.busy_host():
            compared = clock.compare_lists("qemu:///system", PAST, words=" one ")
        self.note(f"{what}: 'virsh list' takes {compared}")
        compared.check(what)

    def check_others(self, attack, what, libvirts_own=None):
        """Times the attacked device, another device, and lists: each takes at most twice as long with the attack as
        without it. attack: makes the context of the attack. Both alternate, as the machine's other load changes.
        libvirts_own: a function that does what libvirt itself has to do in addition for each of them because of the
        attack. Such an attack takes long to begin, and is measured once; its time without virtccwd is added to the
        other side, too. The sides do not alternate then, and libvirt sometimes takes 100 ms longer to learn of a
        reattached device, in nearly all rounds of a side: the shortest time of each counts."""
        functions = (self.detach, self.reattach, partial(self.there_and_back, SECOND))
        typical = min if libvirts_own else statistics.median
        compared = [clock.Comparison(None, None, ("with it", "without it"), typical) for _ in functions]

        def measure(index, rounds=1, more=0):
            for _ in range(rounds):
                for one, function in zip(compared, functions):
                    one.add(index, seconds_of(function) + more)

        own = 0
        if not libvirts_own:
            for number in range(clock.MOST_ROUNDS):  # all rounds, if the first few are not enough: see tests/lib/clock.py
                if number == ROUNDS and all(one.ratio() <= clock.FACTOR for one in compared):
                    break
                for index in ((0, 1), (1, 0))[number % 2]:
                    with contextlib.nullcontext() if index else attack():
                        measure(index)
        with attack():
            if libvirts_own:
                measure(0, clock.ROUNDS)
                own = statistics.median(seconds_of(libvirts_own) for _ in range(ROUNDS))
                self.note(f"{what}: libvirt's own part of each is {1000 * own:.0f} ms")
            self.check_list(what)
        if libvirts_own:
            measure(1, clock.ROUNDS, own)
        for name, one in zip(("nodedev-detach", "nodedev-reattach", "an attach and a detach of another device"), compared):
            self.note(f"{what}: {name} takes {one}")
            one.check(f"{what}: {name}")

    # A name of a device that is no device.

    def file_of_its_name(self):
        self.detach()
        group = os.path.basename(os.readlink(f"/sys/bus/mdev/devices/{mdev_of(FIRST)}/iommu_group"))
        names = sorted({group, *map(str, range(GROUPS))})
        with attacker(open_in_own_dev, names) as (pid,):
            links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            expect(any(link.endswith(f"/{group}") for link in links), f"no file of that name is open: {links}")
            self.reattach()
            self.host.expect_as_before()
            self.there_and_back()
        self.check_others(partial(attacker, open_in_own_dev, names), "files called as groups of VFIO")

    def there_and_back(self, bus_id=FIRST):
        self.host.virsh("attach-device", "one", self.host.devices[bus_id], "--live")
        self.host.virsh("detach-device", "one", self.host.devices[bus_id], "--live")
        self.host.expect_as_before()

    @contextlib.contextmanager
    def mounted(self, source, kind, options):
        where = os.path.join(self.folder, "mounted")
        os.makedirs(where, exist_ok=True)
        mount(source, where, kind, options)
        try:
            yield
        finally:
            LIBC.umount2(where.encode(), MNT_DETACH)

    @contextlib.contextmanager
    def mounted_fuse(self, source):
        """Its server, which is this process, answers nothing."""
        fuse = os.open("/dev/fuse", os.O_RDWR)
        try:
            options = f"fd={fuse},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()}"
            with self.mounted(source, "fuse.attack", options):
                yield
        finally:
            os.close(fuse)

    def mount_of_its_name(self):
        name = self.disk() or "dasda"
        ways = [partial(self.mounted, f"/dev/{name}", "tmpfs", "size=4k")]
        if os.path.exists("/dev/fuse"):
            ways.append(partial(self.mounted_fuse, f"/dev/{name}"))
        for way in ways:
            with way():
                self.check_mount(name)
        self.check_others(ways[-1], f"a mount of /dev/{name} by name")

    def check_mount(self, name):
        with open("/proc/self/mountinfo", encoding="utf-8") as file:
            expect(f" /dev/{name} " in file.read(), f"no mount has the source /dev/{name}")
        row = command([self.host.virt_ccw, "list", FIRST])[1].splitlines()[1]
        expect("mounted" not in row, f"virt-ccw list believes it: {row}")
        self.there_and_back()

    # Many files.

    def many_files(self):
        limit = FILES + 100
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if 0 <= hard < limit and os.getuid():
            raise StepSkipped(f"a process may have only {hard} files open here")
        self.check_others(partial(attacker, open_many, count=PROCESSES), f"{PROCESSES} processes with {FILES} open files")

    # A running domain.

    @contextlib.contextmanager
    def heavy(self):
        """A domain with attributes in its metadata for which a parser may take quadratic time, and with words in it
        that make virtccwd parse them. virtccwd reads the XML of each running domain before it acquires a device."""
        metadata = hostile.attributes(HEAVY).replace("<a:a ", "<a:a s390-map-css='' vfio-ccw='' ")
        path = self.host.file(hostile.domain(metadata, devices="").replace("attack", "heavy").replace("<devices>",
                                                                                                   f"{KEPT}<devices>"), "heavy")
        command(["virsh", "-q", "-c", PAST, "create", "--paused", path], timeout=HEAVY_SECONDS)
        try:
            yield
        finally:
            command(["virsh", "-q", "-c", PAST, "destroy", "heavy"])

    @staticmethod
    def heavy_xml():
        command(["virsh", "-q", "-c", PAST, "dumpxml", "heavy"])

    def heavy_domain(self):
        self.check_others(self.heavy, f"{HEAVY} bytes of attributes in a running domain", self.heavy_xml)

    # The journal.

    def journal_is_closed(self):
        self.host.virsh("attach-device", "one", self.host.devices[FIRST], "--live")
        expect(stat.S_IMODE(os.stat(JOURNAL).st_mode) == 0o700, f"{JOURNAL} is open to others")
        for name in os.listdir(JOURNAL):
            mode = stat.S_IMODE(os.stat(os.path.join(JOURNAL, name)).st_mode)
            expect(mode == 0o600, f"{name} has the mode {mode:o}")
        self.host.virsh("detach-device", "one", self.host.devices[FIRST], "--live")
        self.host.expect_as_before()

    def list_as_user(self):
        if not may_change_user():
            raise StepSkipped("there is no other user here")
        self.host.virsh("attach-device", "one", self.host.devices[FIRST], "--live")
        try:
            self.check_users_list()
        finally:
            self.host.virsh("detach-device", "one", self.host.devices[FIRST], "--live")
        self.host.expect_as_before()

    def check_users_list(self):
        os.chmod(self.folder, 0o755)
        copy = shutil.copy(self.host.virt_ccw, self.folder)  # a clone may be below a folder that only its owner may enter
        result = subprocess.run([copy, "list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, preexec_fn=as_nobody, check=False, cwd="/")
        expect(result.returncode == 0, f"exit code {result.returncode}: {result.stderr}")
        expect("cannot read the journal" in result.stderr and len(result.stderr.splitlines()) == 1, result.stderr)
        row = next(line for line in result.stdout.splitlines() if line.startswith(FIRST))
        expect("domain" not in row and "not understood" not in row and "mediated device" in row, row)

    def full(self):
        """The first entry cannot be written, or a later one. In both cases no device is acquired, and clients are
        served."""
        os.makedirs(JOURNAL, mode=0o700, exist_ok=True)
        mount("tmpfs", JOURNAL, "tmpfs", "size=16k,mode=700")
        try:
            for blocks in (4, 3):
                with open(f"{JOURNAL}/filler", "wb") as file:
                    file.write(bytes(4096 * blocks))
                output = self.host.tries("attach-device", "one", self.host.devices[FIRST], "--live")[1]
                expect("No space left on device" in output, f"the attach says: {output}")
                self.host.expect_as_before()
                expect("one" in self.host.virsh("list", "--name").split(), "virtccwd serves no other client")
                expect(not [name for name in os.listdir(JOURNAL) if not name.endswith((".lock", "filler"))],
                       f"left over: {os.listdir(JOURNAL)}")
                os.unlink(f"{JOURNAL}/filler")
            self.there_and_back()
        finally:
            LIBC.umount2(JOURNAL.encode(), MNT_DETACH)
        self.there_and_back()


def inside(virt_ccw):
    steps = Steps(False, DAEMON_LOGS)
    with temporary_folder() as folder:
        host = Host(virt_ccw, folder)
        host.start("one", "two")
        attacks = Attacks(host, folder, steps.note)
        steps.run("a file with the name of a VFIO group blocks no device", attacks.file_of_its_name)
        steps.run("a mount whose source has the name of its disk blocks no device", attacks.mount_of_its_name)
        steps.run("a user's many open files slow no attach", attacks.many_files)
        steps.run("a running domain's metadata slows no attach", attacks.heavy_domain)
        steps.run("the journal is closed to other users", attacks.journal_is_closed)
        steps.run("and virt-ccw list says so", attacks.list_as_user)
        steps.run("a full /run refuses an attach before the host is touched", attacks.full)
    steps.done()


if __name__ == "__main__":
    sys.exit(inside_a_lab(__file__, inside, DEVICES))
