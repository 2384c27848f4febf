#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""In the emulated mainframe: configures stock libvirt as docs/deployment.md describes for a host without systemd, and
starts it with virtccwd in front of it and the hook. Paths and logs are those of a lab, so that its tests find theirs.

    host.py start
"""

import os
import select
import socket
import subprocess
import sys
import time

BIN = "/run/libvirt-ccw/bin"
BACKEND = "/run/libvirt-ccw/backend"
LOGS = "/var/log/libvirt"
DEADLINE = 180
FILES = {
    "/etc/libvirt/libvirtd.conf": f"""unix_sock_dir = "{BACKEND}"
unix_sock_rw_perms = "0700"
unix_sock_ro_perms = "0700"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:stderr"
""",
    # virtlogd does not run; images, kernels and initrds belong to the user who runs the machine.
    "/etc/libvirt/qemu.conf": """stdio_handler = "file"
user = "+0"
group = "+0"
security_driver = "none"
""",
    "/etc/libvirt/libvirt.conf": 'uri_default = "qemu:///system"\n',
    "/etc/libvirt/virtccwd.conf": 'auth_unix_ro = "none"\nauth_unix_rw = "none"\n',
    "/etc/libvirt/hooks/qemu": f'#!/bin/sh\nexec {BIN}/virt-ccw hook -- "$@"\n',
}


def configure():
    for path, text in FILES.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod("/etc/libvirt/hooks/qemu", 0o755)
    for path in (BACKEND, LOGS, "/run/libvirt"):
        os.makedirs(path, exist_ok=True)


def spawn(argv, log, **kwargs):
    with open(f"{LOGS}/{log}", "ab") as file:
        return subprocess.Popen(argv, cwd="/", stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                start_new_session=True, **kwargs)


def wait_for(fd, what):
    if not select.select([fd], [], [], DEADLINE)[0]:
        raise TimeoutError(f"{what} is not ready in {DEADLINE} s")


def start_libvirtd():
    """The daemon reports READY=1 like a service of systemd (sd_notify(3))."""
    path = "/run/libvirtd.notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
        ready.bind(path)
        spawn(["/usr/sbin/libvirtd"], "libvirtd.log", env=dict(os.environ, NOTIFY_SOCKET=path))
        wait_for(ready, "libvirtd")
    os.unlink(path)


def start_virtccwd():
    readable, writable = os.pipe()
    spawn([f"{BIN}/virtccwd", "--socket-dir", "/run/libvirt", "--backend-dir", BACKEND, "--ready-fd", str(writable)],
          "virtccwd.log", pass_fds=[writable])
    os.close(writable)
    wait_for(readable, "virtccwd")
    if not os.read(readable, 1):
        raise RuntimeError("virtccwd ended at its start")


def start():
    configure()
    started = time.monotonic()
    start_libvirtd()
    start_virtccwd()
    subprocess.run(["virsh", "-q", "nodedev-list", "--cap", "ccw"], check=True, timeout=DEADLINE,
                   stdout=subprocess.DEVNULL)
    print(f"machine: libvirt answers after {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] != ["start"]:
        sys.exit(__doc__)
    start()
