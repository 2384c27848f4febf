# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small root file system of s390x Linux, as a tar archive: the test guest of scripts/guest-build, with a kernel and an
initramfs in /boot that boots from a DASD (tests/guest/init-on-dasd). Needs no privileges."""

import io
import os
import shutil
import subprocess
import tarfile

INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "guest", "init-on-dasd")
MODULES = ("crc32c_generic", "ext4", "dasd_eckd_mod")
OPTIONAL = ("crc32c_generic",)  # not a module in every kernel


def _modules_in_order(root, version):
    """Returns the paths of MODULES and of what they need, in the order in which they are loaded."""
    folder = os.path.join(root, "usr/lib/modules", version)
    needs = {}
    with open(os.path.join(folder, "modules.dep"), encoding="utf-8") as file:
        for line in file:
            path, _, rest = line.strip().partition(":")
            needs[path] = rest.split()
    found = []

    def add(path):
        for need in needs[path]:
            add(need)
        if path not in found:
            found.append(path)

    for name in MODULES:
        paths = [path for path in needs if os.path.basename(path) == name + ".ko"]
        if not paths and name in OPTIONAL:
            continue
        add(paths[0])
    return [os.path.join(folder, path) for path in found]


def _make_initramfs(root, version, work):
    """Makes an initramfs in which init-on-dasd finds busybox and the modules. Returns its bytes."""
    top = os.path.join(work, "initramfs")
    for name in ("bin", "lib", "dev", "sys", "mnt"):
        os.makedirs(os.path.join(top, name))
    shutil.copy(os.path.join(root, "usr/bin/busybox"), os.path.join(top, "bin"))
    os.symlink("busybox", os.path.join(top, "bin/sh"))
    shutil.copy(INIT, os.path.join(top, "init"))
    os.chmod(os.path.join(top, "init"), 0o755)
    with open(os.path.join(top, "lib/order"), "w", encoding="utf-8") as order:
        for path in _modules_in_order(root, version):
            shutil.copy(path, os.path.join(top, "lib"))
            order.write(os.path.basename(path) + "\n")
    names = "\n".join(os.path.relpath(os.path.join(folder, name), top)
                      for folder, folders, files in os.walk(top) for name in folders + files)
    return subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], cwd=top, input=names.encode(),
                          stdout=subprocess.PIPE, check=True).stdout


def _link_shell(tar):
    """Makes links for busybox. As the shell of the test guest, it would run its own programs instead of GNU tar and
    mount."""
    shell = tarfile.TarInfo("usr/bin/sh")
    shell.type, shell.linkname = tarfile.SYMTYPE, "bash"
    tar.addfile(shell)


def _owned_by_root(member):
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    return member


def add_file(tar, path, data, mode=0o644, owner=(0, 0), attributes=()):
    """Adds a file. attributes: (name, value) of extended attributes."""
    member = tarfile.TarInfo(path)
    member.size = len(data)
    member.mode = mode
    member.uid, member.gid = owner
    member.pax_headers = {"SCHILY.xattr." + name: value for name, value in attributes}
    tar.addfile(member, io.BytesIO(data))


def add_folder(tar, path):
    member = tarfile.TarInfo(path)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(member)


def _unpack(guest, system, root):
    os.makedirs(root)
    if system:
        subprocess.run(["tar", "-x", "--no-same-owner", "-f", os.path.join(guest, "system.tar"), "-C", root], check=True)
        return
    with open(os.path.join(guest, "initrd"), "rb") as initrd:
        subprocess.run(["cpio", "--quiet", "-idm", "--no-preserve-owner"], cwd=root, stdin=initrd, check=True)


# systemd starts the test guest's program when it sees the port. It is the only service of a user's.
SYSTEM_FILES = {
    "etc/systemd/system/guest.service": "[Service]\nExecStart=/obey /dev/virtio-ports/org.libvirt-ccw.guest.0\n"
                                        "Environment=PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C\n",
    "etc/udev/rules.d/90-guest.rules": 'SUBSYSTEM=="virtio-ports", ATTR{name}=="org.libvirt-ccw.guest.0", TAG+="systemd", '
                                       'ENV{SYSTEMD_WANTS}+="guest.service"\n',
    # Else systemd takes the boot for the first one, and enables all that it has.
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
    "etc/hostname": "small\n",
}
# They need D-Bus, or a user to log in.
MASKED = ("systemd-logind.service", "getty.target")


def _add_system(tar):
    for name, text in SYSTEM_FILES.items():
        add_file(tar, name, text.encode())
    for name, target in (("init", "/lib/systemd/systemd"),
                         *((f"etc/systemd/system/{name}", "/dev/null") for name in MASKED)):
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, target
        tar.addfile(link)


def make(guest, work, path, more=None, without=(), system=False):
    """Writes the archive. guest: the folder with the kernel and the initramfs of the test guest; more(tar) adds files;
    without: paths to leave out; system: with systemd, in the place of the test guest's own init."""
    root = os.path.join(work, "root")
    _unpack(guest, system, root)
    version, = os.listdir(os.path.join(root, "usr/lib/modules"))
    initramfs = _make_initramfs(root, version, work)
    with open(os.path.join(guest, "kernel"), "rb") as file:
        kernel = file.read()
    without = {"usr/bin/sh", *without}
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(os.listdir(root)):
            tar.add(os.path.join(root, name), name,
                    filter=lambda member: None if member.name in without else _owned_by_root(member))
        _link_shell(tar)
        add_file(tar, f"boot/vmlinuz-{version}", kernel)
        add_file(tar, f"boot/initrd.img-{version}", initramfs)
        if system:
            _add_system(tar)
        if more:
            more(tar)
    shutil.rmtree(root)
    shutil.rmtree(os.path.join(work, "initramfs"))
