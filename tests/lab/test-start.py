#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""If a lab cannot start, its message names the cause and what to do, and it leaves nothing. If a container lacks
something that a lab can do without, the lab starts. TAP.

    test-start.py VIRT-CCW
"""

import contextlib
import errno
import os
import shutil
import subprocess
import sys

import seccomp
from labtest import AS_NOBODY, create_image, enter_mounts, host_state, workdir
from tap import Tap, skip_all

# The capabilities of root in a container of docker or podman, and CAP_SYS_ADMIN.
CAPABILITIES = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "net_bind_service", "sys_chroot",
                "setfcap", "sys_admin")
WITH_SYS_ADMIN = ["setpriv", "--bounding-set", ",".join(["-all", *(f"+{name}" for name in CAPABILITIES)]), "--inh-caps=-all", "--"]
WITHOUT_ANY = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"]
# name: shell commands that make the obstacle in a mount namespace, whether the lab is an unprivileged user's, the
# message.
OBSTACLES = {
    "there is no /dev/fuse": ("mount -t tmpfs none /dev", False, ("needs /dev/fuse", "modprobe fuse", "--device /dev/fuse")),
    "/dev/fuse is root's": ("mknod fuse c 10 229 && chmod 600 fuse && mount --bind fuse /dev/fuse", True,
                            ("needs /dev/fuse", "Permission denied", "chmod 666 /dev/fuse")),
    "the kernel has no FUSE": ("mknod none c 10 254 && mount --bind none /dev/fuse", False,
                               ("needs /dev/fuse", "No such device", "modprobe fuse")),
    "parts of /proc are hidden": ("mount -t tmpfs none /proc/sys", True,
                                  ("mount /proc", "systempaths=unconfined", "unmask=ALL", "procMount: Unmasked")),
    "parts of /proc are read-only": ("mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys", True,
                                     ("mount /proc", "systempaths=unconfined")),
    "parts of /sys are hidden": ("mount -t tmpfs none /sys/kernel", True,
                                 ("mount /sys", "hides parts of /sys", "systempaths=unconfined", "unmask=ALL", "procMount: Unmasked")),
    "there is no mdevctl": ("mount --bind empty $(command -v mdevctl || echo /usr/sbin/mdevctl)", False, ("there is no mdevctl",)),
    "there is no libvirtd": ("mount --bind empty /usr/sbin/libvirtd", False, ("there is no libvirtd",)),
    "libvirtd ends at its start": ("mount --bind ends /usr/sbin/libvirtd", False,
                                   ("libvirtd ended at its start with exit code 3", "no such configuration")),
    "libvirtd is killed at its start": ("mount --bind killed /usr/sbin/libvirtd", False,
                                        ("libvirtd ended at its start with signal 9",)),
}
# A seccomp filter of an unprivileged user: the calls that it makes fail, and the message.
FILTERS = {
    "seccomp allows no user namespace": ({"unshare": errno.EPERM}, ("needs root or a user namespace", "seccomp=unconfined")),
    "seccomp knows no namespaces": ({"unshare": errno.ENOSYS}, ("needs root or a user namespace", "seccomp=unconfined")),
    "seccomp allows no mounts": ({"mount": errno.EPERM}, ("seccomp profile may forbid mounts", "seccomp=unconfined")),
    "seccomp allows no other root": ({"pivot_root": errno.EPERM}, ("seccomp profile may forbid mounts", "seccomp=unconfined")),
    # The errno that an AppArmor profile causes.
    "mounts are denied": ({"mount": errno.EACCES}, ("AppArmor", "apparmor=unconfined")),
}
# Settings of a user namespace: its limit or capability, and the message.
LIMITS = {
    "no mount namespaces are allowed": ("max_mnt_namespaces", [], ("user.max_mnt_namespaces",)),
    "no pid namespaces are allowed": ("max_pid_namespaces", [], ("user.max_pid_namespaces",)),
    "no network namespaces are allowed": ("max_net_namespaces", [], ("user.max_net_namespaces",)),
    "no ipc namespaces are allowed": ("max_ipc_namespaces", [], ("user.max_ipc_namespaces",)),
    "no user namespaces are allowed": ("max_user_namespaces", WITHOUT_ANY, ("disabled here", "user.max_user_namespaces")),
}
# name: shell commands, the prefix of the lab, and the text of a warning, if there is one. The lab starts.
HARMLESS = {
    "/sys is read-only": ("mount -o remount,bind,ro /sys", AS_NOBODY, ""),
    "a container's root with CAP_SYS_ADMIN": ("true", WITH_SYS_ADMIN, "virt-ccw lab exec: warning: cannot start the lab's loopback "
                                              "interface: Operation not permitted\n"),
}
DEVICES = "/sys/fs/cgroup/devices"  # the control group of version 1; version 2 has a BPF program instead


@contextlib.contextmanager
def no_fuse_device():
    """Makes a group of processes that may not open /dev/fuse, and a shell command that joins it."""
    group = f"{DEVICES}/libvirt-ccw-test.{os.getpid()}"
    os.mkdir(group)
    try:
        with open(f"{group}/devices.deny", "w", encoding="ascii") as file:
            file.write("c 10:229 rwm")
        yield f"echo $$ >{group}/cgroup.procs"
    finally:
        os.rmdir(group)


class StartTest:
    def __init__(self, virt_ccw, folder):
        self.tap = Tap()
        self.folder = folder
        os.chmod(folder, 0o755)
        # An unprivileged user may not be able to read the build folder.
        for part in ("virt-ccw", "virtccwd", "qemu-ccw", "../vfio/libvirt-ccw-vfio.so"):
            shutil.copy(os.path.join(os.path.dirname(virt_ccw), part), folder)
        self.images = [create_image(virt_ccw, os.path.join(folder, f"{name}.ckd")) for name in ("disk", "other")]
        for image in self.images:
            os.chmod(image, 0o666)
        self.command = self.lab(self.images[0], "true")
        self.script("empty", None)
        self.script("ends", "echo 'libvirtd: no such configuration' >&2; exit 3")
        self.script("killed", "kill -9 $$")

    def lab(self, image, *command):
        return [os.path.join(self.folder, "virt-ccw"), "lab", "exec", "--dasd", f"0.0.1234={image}", "--", *command]

    def script(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
            file.write(f"#!/bin/sh\n{text}\n" if text else "")
        os.chmod(file.name, 0o755 if text else 0o644)

    def start(self, argv, filtered=None):
        """Starts a lab. filtered: the system calls that fail"""
        return subprocess.run(argv, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=180,
                              preexec_fn=(lambda: seccomp.forbid(filtered)) if filtered else None)  # pylint: disable=W1509

    def rejected(self, name, argv, words, filtered=None):
        before = host_state()
        result = self.start(argv, filtered)
        errors = [line for line in result.stdout.splitlines() if "error:" in line]
        self.tap.ok(result.returncode not in (0, None) and len(errors) == 1 and all(word in result.stdout for word in words),
                    f"{name}: it says so", f"exit code {result.returncode}", result.stdout)
        self.tap.equal(host_state(), before, f"{name}: it leaves nothing")

    def accepted(self, name, argv, printed=""):
        before = host_state()
        result = self.start(argv)
        self.tap.equal((result.returncode, result.stdout), (0, printed), f"{name}: the lab starts")
        self.tap.equal(host_state(), before, f"{name}: it leaves nothing")

    def with_obstacle(self, obstacle, *lab):
        return ["unshare", "--mount", "sh", "-ec", f"{obstacle}; exec \"$@\"", "sh", *lab]

    def devices(self):
        name = "a container has no right to /dev/fuse"
        if os.path.exists(f"{DEVICES}/devices.deny"):
            with no_fuse_device() as join:
                self.rejected(name, self.with_obstacle(join, *self.command), ("may not open it", "--device /dev/fuse"))
        else:
            self.tap.skip(name, f"there is no {DEVICES}")

    def nested(self):
        inner = self.lab(self.images[1], "virsh", "-q", "nodedev-list", "--cap", "ccw")
        shown = "ccw_0_0_1234\n"
        self.accepted("a lab in a lab", self.lab(self.images[0], *inner), shown)
        self.accepted("both without privilege", [*AS_NOBODY, *self.lab(self.images[0], *inner)], shown)
        self.rejected("a lab in a lab, of a user who is not root there", self.lab(self.images[0], *AS_NOBODY, *inner),
                      ("this is a lab already",))

    def run(self):
        for name, (obstacle, unprivileged, words) in OBSTACLES.items():
            self.rejected(name, self.with_obstacle(obstacle, *(AS_NOBODY if unprivileged else []), *self.command), words)
        self.devices()
        self.rejected("root has no capability", [*WITHOUT_ANY, *self.command], ("SETFCAP", "--cap-add SETFCAP", "--user 1000"))
        for name, (errors, words) in FILTERS.items():
            if seccomp.is_known():
                self.rejected(name, [*AS_NOBODY, *self.command], words, errors)
            else:
                self.tap.skip(name, "the numbers of this machine's system calls are not known")
        for name, (setting, prefix, words) in LIMITS.items():
            self.rejected(name, ["unshare", "--user", "--map-root-user", "sh", "-ec",
                                f"echo 0 >/proc/sys/user/{setting}; exec \"$@\"", "sh", *prefix, *self.command], words)
        for name, (obstacle, prefix, printed) in HARMLESS.items():
            self.accepted(name, self.with_obstacle(obstacle, *prefix, *self.command), printed)
        self.nested()
        self.tap.done()


def main():
    if os.geteuid() != 0:
        skip_all("it needs root, which puts the obstacles into a mount namespace")
    enter_mounts()
    with workdir() as folder:
        StartTest(os.path.abspath(sys.argv[1]), folder).run()


if __name__ == "__main__":
    main()
