#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Protections of the host from a lab, and of a lab from its guests' QEMU: the table in docs/lab.md, as root and without
privilege. Run as: test-isolation.py VIRT-CCW [--unprivileged]"""

import contextlib
import ctypes
import errno
import os
import stat
import subprocess
import sys

import labtest
from daemons import processes
from files import temporary_folder
from labtest import AS_NOBODY, domain, hostdev, inside_a_lab
from steps import Steps, StepSkipped, command, expect
from waiting import DEADLINE

BUS_ID = "0.0.1234"
OTHER = "0.0.2000"  # no guest has it
SOCKET = "/run/libvirt-ccw/lab.sock"
LIBRARY = "/run/libvirt-ccw/bin/libvirt-ccw-vfio.so"
LIBVIRT = ("qemu:///system", "qemu+unix:///system?socket=/run/libvirt-ccw/backend/libvirt-sock")
# Files that root's programs in a lab trust, and the hardware: (file, how to open it).
TRUSTED = {"/etc/libvirt/hooks/qemu": "a", "/etc/libvirt/new": "w", "/etc/mdevctl.d/new": "w", "/run/new": "w", "/new": "w",
           "/dev/new": "w", f"/sys/bus/ccw/devices/{OTHER}/online": "r+", "/var/cache/libvirt/new": "w"}
TAKE_OVER = """
import errno, socket, sys
control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if control.connect_ex("/run/libvirt-ccw/lab-control.sock") == 0:
    print("lab-control.sock")
for path, mode in eval(sys.argv[1]).items():
    try:
        open(path, mode, encoding="ascii").close()
        print(path)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES):
            print(path, error)
"""
READ_ONLY = ("/etc", "/usr", "/home", "/root", "/boot", "/opt", "/srv", "/var", "/var/lib")
WRITABLE = ("/tmp", "/var/tmp", "/run", "/dev/shm", "/etc/libvirt", "/var/lib/libvirt")


def create_error(folder):
    """Returns the errno of making a file there; 0 when it works (and removes the file)."""
    path = os.path.join(folder, f"libvirt-ccw-test.{os.getpid()}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except OSError as error:
        return error.errno
    os.unlink(path)
    return 0


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file)


# Attacks of one process on another.
PRY = """
import ctypes, os, sys
pid, libc = sys.argv[1], ctypes.CDLL(None, use_errno=True)
tries = {
    "fd": lambda: os.readlink(f"/proc/{pid}/fd/0"),
    "mem": lambda: open(f"/proc/{pid}/mem", "rb").close(),
    "environ": lambda: open(f"/proc/{pid}/environ", "rb").close(),
    "kill": lambda: os.kill(int(pid), 0),
}
for name, function in tries.items():
    try:
        function()
        print(name)
    except OSError:
        pass
"""
# What a program with QEMU's options keeps, for itself and after an exec.
REGAIN = """
import ctypes, os
libc = ctypes.CDLL(None)
print(libc.prctl(27, 0, 0, 0, 0), flush=True)  # PR_GET_SECUREBITS
os.environ.pop("LD_PRELOAD", None)
os.execv("/usr/bin/cat", ["cat", "/proc/self/status"])
"""
CONFINED = "-sandbox on,elevateprivileges=deny"  # libvirt's options for QEMU, by which a program is recognised and confined
SANDBOX = {"on", "obsolete=deny", "elevateprivileges=deny", "spawn=deny", "resourcecontrol=deny"}  # all of libvirt's options
NOROOT_LOCKED = 0b11  # SECBIT_NOROOT and its lock
LANDLOCK_CREATE_RULESET = 444  # the number of the system call, the same on every machine


def landlock_version():
    """Returns Landlock's version: 0 without it. Version 6 and later can restrict signals."""
    return max(0, ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1))


def pry(pid, options):
    """Returns what a program with these options, of the same user as QEMU, can do to that QEMU."""
    change = []
    if not has_one_user():
        user, group = (status_of(pid)[name].split()[0] for name in ("Uid", "Gid"))
        change = ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    script = f'exec /usr/bin/python3 -c "$0" {pid} {options}'
    _, output = command([*change, "sh", "-c", script, PRY], env={**os.environ, "LD_PRELOAD": LIBRARY})
    return output.split()


def in_place_of(pid, argv):
    """Returns a command that runs argv with the mounts, the user and the capabilities of a guest's QEMU."""
    user, group = (status_of(pid)[name].split()[0] for name in ("Uid", "Gid"))
    change = [] if has_one_user() else [f"--reuid={user}", f"--regid={group}", "--clear-groups"]
    return ["nsenter", "--target", pid, "--mount", "--", "setpriv", *change, "--inh-caps=-all", "--bounding-set=-all", "--",
            *argv]


def has_one_user():
    with open("/proc/self/uid_map", encoding="utf-8") as file:
        return file.read().split()[2] == "1"


class Isolation:
    def __init__(self, folder):
        self.folder = folder

    @staticmethod
    def files():
        for folder in READ_ONLY:
            if not os.access(folder, os.X_OK):
                continue
            found = create_error(folder)
            expect(found == errno.EROFS, f"{folder}: {errno.errorcode.get(found, found)}")
        for folder in WRITABLE:
            found = create_error(folder)
            expect(found == 0, f"{folder}: {errno.errorcode.get(found, found)}")

    @staticmethod
    def programs():
        """Files of the host that are bound into the lab: root could write to them there."""
        folder = "/run/libvirt-ccw/bin"
        for name in os.listdir(folder):
            try:
                os.close(os.open(os.path.join(folder, name), os.O_WRONLY))
                expect(False, f"{name} can be written to")
            except OSError as error:
                expect(error.errno in (errno.EROFS, errno.ETXTBSY, errno.EACCES), f"{name}: {error}")

    @staticmethod
    def first_sysfs():
        """chccwdev uses the first mount of type sysfs. lscss and others do the same by libutil."""
        _, place = command(["awk", '$3=="sysfs"{print $2; exit}', "/proc/mounts"])
        expect(place == "/sys", f"the first sysfs is {place}")
        path = f"{place}/bus/ccw/devices/{BUS_ID}/online"
        for value in ("0", "1"):
            with open(path, "w", encoding="ascii") as file:
                file.write(f"{value}\n")
            with open(path, encoding="ascii") as file:
                expect(file.read() == f"{value}\n", f"online is not {value}")

    @staticmethod
    def socket_is_closed():
        found = os.stat(SOCKET)
        expect(stat.S_IMODE(found.st_mode) == 0o660, f"mode {found.st_mode:o}")
        if has_one_user():
            return
        program = (f"import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
                   f"print(s.connect_ex('{SOCKET}'))")
        _, answer = command([*AS_NOBODY, "/usr/bin/python3", "-c", program])
        expect(answer == str(errno.EACCES), f"another user's connect: {answer}")

    @contextlib.contextmanager
    def running_guest(self, document):
        """Returns the process id of its QEMU."""
        path = os.path.join(self.folder, "one.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(document)
        command(["virsh", "-q", "create", "--paused", path])
        try:
            yield command(["pgrep", "-f", "guest=one,"])[1].split()[0]
        finally:
            command(["virsh", "-q", "destroy", "one"])

    @staticmethod
    def check_capabilities(status):
        for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
            expect(int(status[name], 16) == 0, f"{name} {status[name]}")

    def guest(self):
        with self.running_guest(domain("one", hostdev())) as pid:
            status = status_of(pid)
            user = set(status["Uid"].split()) | set(status["Gid"].split())
            expect(user == {"0"} if has_one_user() else "0" not in user, f"it runs as {user}")
            self.check_capabilities(status)
            expect(status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", f"seccomp {status['Seccomp']}")
            # The preloaded library serves the device although libvirt's seccomp_sandbox is in force.
            with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
                words = file.read().split("\0")
            given = set(words[words.index("-sandbox") + 1].split(","))
            expect(given >= SANDBOX, f"libvirt gives -sandbox {given}")
            with open(f"/proc/{pid}/mountinfo", encoding="utf-8") as file:
                options = {line.split()[4]: line.split()[5].split(",") for line in file}
            for folder in filter(os.path.isdir, ("/etc", "/usr", "/home", "/root")):
                expect("ro" in options[folder], f"{folder} is {options[folder]}")

    def guest_takes_over(self):
        """A guest that has taken over its QEMU would be root of the lab if it could do one of these."""
        with self.running_guest(domain("one", hostdev())) as pid:
            for uri in LIBVIRT:
                code, output = command(in_place_of(pid, ["virsh", "-q", "-c", uri, "list"]), check=False)
                expect(code != 0 and "error: " in output, f"virsh -c {uri} list: {output}")
            _, output = command(in_place_of(pid, ["/usr/bin/python3", "-c", TAKE_OVER, repr(TRUSTED)]))
            expect(output == "", f"these are open: {output}")

    def guests_apart(self):
        """A program with libvirt's options for QEMU is confined like a QEMU."""
        with self.running_guest(domain("one")) as pid:
            found = pry(pid, "")
            expect(found == ["fd", "mem", "environ", "kill"], f"an unconfined program: {found}")
            version = landlock_version()
            if not version and not has_one_user():
                raise StepSkipped("this kernel has no Landlock")
            found = pry(pid, CONFINED)
            expect(set(found) <= {"kill"}, f"Landlock {version}: {found}")

    def no_signals(self):
        version = landlock_version()
        if version < 6:
            raise StepSkipped(f"Landlock forbids signals from version 6 on, and this kernel has {version or 'none'}")
        with self.running_guest(domain("one")) as pid:
            found = pry(pid, CONFINED)
            expect(found == [], f"Landlock {version}: {found}")

    def root_regains_nothing(self):
        """After an exec as uid 0, also if the kernel has no Landlock."""
        script = f'exec /usr/bin/python3 -c "$0" {CONFINED}'
        _, output = command(["sh", "-c", script, REGAIN], env={**os.environ, "LD_PRELOAD": LIBRARY})
        bits, _, text = output.partition("\n")
        status = dict(line.split(":\t", 1) for line in text.splitlines())
        expect(status["Uid"].split()[0] == "0", f"it runs as {status['Uid']}")
        expect(int(bits) & NOROOT_LOCKED == NOROOT_LOCKED, f"securebits {bits}")
        expect(status["NoNewPrivs"] == "1", f"no_new_privs {status['NoNewPrivs']}")
        self.check_capabilities(status)

    @staticmethod
    def libvirtd_path():
        """AppArmor would apply the host's profile to another program."""
        paths = {os.readlink(f"/proc/{pid}/exe") for pid in processes("libvirtd")}
        expect(paths == {"/run/libvirt-ccw/bin/libvirtd"}, f"libvirtd runs from {paths}")

    def other_emulator(self):
        """Its name is another one, so that the VFIO library does not serve it."""
        emulator = os.path.join(self.folder, "emulator")
        os.chmod(self.folder, 0o755)
        os.symlink(command(["which", "qemu-system-s390x"])[1], emulator)
        document = domain("one").replace("/usr/bin/qemu-system-s390x", emulator)
        with self.running_guest(document) as pid:
            self.check_capabilities(status_of(pid))


def inside(_virt_ccw):
    with temporary_folder() as folder:
        steps = Steps(False)
        test = Isolation(folder)
        steps.log("/var/log/libvirt/libvirtd.log")
        steps.run("the host's files are read-only, the lab's own and temporary ones are not", test.files)
        steps.run("neither can the project's programs be written to", test.programs)
        steps.run("the first sysfs of /proc/mounts is the lab's", test.first_sysfs)
        steps.run("the device service's socket is open to root and the guests' user", test.socket_is_closed)
        steps.run("a guest's QEMU has no capabilities, a seccomp filter, and another user where there is one", test.guest)
        steps.run("a guest's QEMU can give orders neither to libvirtd nor to the lab", test.guest_takes_over)
        steps.run("and cannot look into the QEMU of another guest", test.guests_apart)
        steps.run("nor send it a signal", test.no_signals)
        steps.run("a confined process gains no right by an exec as root", test.root_regains_nothing)
        steps.run("libvirtd runs from a path of the lab's own", test.libvirtd_path)
        steps.run("a QEMU of another name has no capabilities either", test.other_emulator)
        outside(steps)
        steps.done()


def outside(steps):
    """Attempts from before this lab started: see main()."""
    for line in os.environ.get("LIBVIRT_CCW_TEST_RESULTS", "").splitlines():
        name, _, why = line.partition("\t")
        steps.run(name, expect, not why, why)


def lab(virt_ccw, folder, image, options, script):
    argv = [virt_ccw, "lab", "exec", "--dasd", f"{BUS_ID}={image}", *options, "--", "sh", "-c", script]
    result = subprocess.run(argv, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            timeout=DEADLINE, check=False)
    return result.returncode, result.stdout


def writable_folders(virt_ccw):
    """Yields (name, fault). In the build's folder, as /tmp is writable anyway."""
    build = os.path.dirname(virt_ccw)
    if build.startswith(("/tmp/", "/var/tmp/", "/usr/")) or not os.access(build, os.W_OK):
        return
    with labtest.workdir() as images, temporary_folder(parent=build) as folder:
        image = labtest.create_image(virt_ccw, os.path.join(images, "disk"))
        for name in ("work", "other"):
            os.mkdir(os.path.join(folder, name))
        work, other = os.path.join(folder, "work"), os.path.join(folder, "other")
        code, output = lab(virt_ccw, work, image, [], "echo kept >here; echo lost >../other/there")
        kept = os.path.exists(os.path.join(work, "here"))
        yield "what is made in the working folder stays", "" if kept else output
        wrong = code == 0 or "Read-only file system" not in output or os.listdir(other)
        yield "and in the folder beside it nothing is made", f"{code}: {output!r}" if wrong else ""
        code, output = lab(virt_ccw, work, image, ["--writable", other], "echo kept >../other/there")
        yield "but where it is asked for", output.strip() if code or not os.listdir(other) else ""
        for path, words in (("/run", "the lab has its own /run"), ("/etc/libvirt", "the lab has its own /etc/libvirt"),
                            (image, "it is not a folder"), ("nosuch", "No such file or directory")):
            code, output = lab(virt_ccw, work, image, ["--writable", path], "echo ran")
            right = code == 1 and words in output and f"cannot make {path} writable" in output and output.count("\n") == 1
            yield f"--writable {os.path.basename(path)}: an error says why it cannot be", "" if right else output.strip()


def main():
    if sys.argv[1] != "--inside" and "--unprivileged" not in sys.argv:
        results = [f"{name}\t{why}" for name, why in writable_folders(os.path.abspath(sys.argv[1]))]
        os.environ["LIBVIRT_CCW_TEST_RESULTS"] = "\n".join(results)
    return inside_a_lab(__file__, inside, [BUS_ID, OTHER])


if __name__ == "__main__":
    sys.exit(main())
