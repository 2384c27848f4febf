#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network of a lab (--network): with each program that can give it, as root and with no privilege, the lab reaches
what the host reaches, by address and by name, and not the host's loopback. The host is one of tests/lib/neighbour.py.

    test-network.py VIRT-CCW
"""

import os
import shutil
import subprocess
import sys

import labtest
from labtest import NOBODY
from neighbour import HOST, INSIDE, LOOPBACK_PORT, NAME, NEIGHBOUR, PORT, TEXT, enter_host, make_host
from tap import Tap, skip_all
from waiting import DEADLINE, happens

PARTS = ("virt-ccw", "virtccwd", "../vfio/libvirt-ccw-vfio.so")
PROGRAMS = ("pasta", "slirp4netns")

# Prints what the lab reaches: the neighbour by address and by name, and nothing on the host's loopback.
CLIENT = f"""
import socket
def get(host, port):
    try:
        with socket.create_connection((host, port), timeout=20) as peer:
            return peer.makefile().read().split()[-1]
    except OSError as error:
        return type(error).__name__
print(get("{NEIGHBOUR}", {PORT}))
print(get("{NAME}", {PORT}))
print([host for host in ("127.0.0.1", "10.0.3.2", "{HOST}") if get(host, {LOOPBACK_PORT}) == "loopback"])
"""

PYTHON = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")  # another python3 may be in a home that others cannot enter
REACHED = [TEXT, TEXT, "[]"]


class Caller:
    def __init__(self, tap, virt_ccw, folder, prefix):
        self.tap, self.virt_ccw, self.folder, self.prefix = tap, virt_ccw, folder, prefix

    def path(self, *programs):
        """Makes a PATH with only these programs."""
        folder = os.path.join(self.folder, "only-" + "-".join(programs))
        os.makedirs(folder, exist_ok=True)
        for name in (*programs, "mdevctl"):
            link = os.path.join(folder, name)
            if not os.path.lexists(link):
                os.symlink(shutil.which(name), link)
        return f"{folder}:/usr/sbin:/sbin"

    def lab(self, path, *words):
        env = dict(os.environ, HOME=self.folder, PATH=path, XDG_RUNTIME_DIR=os.path.join(self.folder, "run"))
        return subprocess.run([*self.prefix, self.virt_ccw, "lab", *words], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.folder, env=env, check=False, timeout=DEADLINE)

    def reaches(self, program):
        tap = self.tap
        path = self.path(program)
        result = self.lab(path, "exec", "--network", "--", PYTHON, "-c", CLIENT)
        tap.equal(result.stdout.splitlines(), REACHED,
                  f"{program}: the lab reaches the neighbour, by name too, and not the host's loopback")
        tap.note(result.stderr)
        started = self.lab(path, "start", "net", "--network")
        tap.ok(started.returncode == 0, f"{program}: a lab that stays", started.stderr)
        result = self.lab(path, "exec", "--lab", "net", "--", PYTHON, "-c", CLIENT)
        tap.equal(result.stdout.splitlines(), REACHED, f"{program}: it reaches the same")
        listed = self.lab(path, "list", "--json").stdout
        tap.ok(f'"network" : "{program}"' in listed, f"{program}: lab list --json names it", listed)
        self.lab(path, "stop", "net")
        # The kernel kills it when the lab's first process has ended.
        tap.ok(happens(lambda: not any(self.is_ours(pid, program) for pid in filter(str.isdigit, os.listdir("/proc")))),
               f"{program}: it ends with the lab")

    def is_ours(self, pid, program):
        """Returns whether the process runs the program, in this test's network namespace."""
        try:
            with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
                same = os.readlink(f"/proc/{pid}/ns/net") == os.readlink("/proc/self/ns/net")
                return same and file.read().startswith(program)
        except OSError:
            return False

    def error(self, result, hint, name):
        is_one_line = result.stderr.count("\n") == 1 and hint in result.stderr and not result.stdout
        self.tap.ok(result.returncode == 1 and is_one_line, name, f"{result.returncode}\n{result.stdout}{result.stderr}")

    def without(self):
        path = self.path()
        result = self.lab(path, "exec", "--network", "--", "/bin/true")
        self.error(result, "install one of them", "without a program: one error")
        plain = self.lab(path, "exec", "--", "/usr/bin/wc", "-l", "/proc/net/route")
        self.tap.equal(plain.stdout.split()[:1], ["1"], "without --network there is no route")


def no_route(caller, programs):
    """The host has no default route any more. pasta fails then, and the error has its message; newer versions need no
    route."""
    subprocess.run(["ip", "route", "del", "default"], check=True)
    result = caller.lab(caller.path("pasta"), "exec", "--network", "--", "/bin/true") if "pasta" in programs else None
    if not result:
        caller.tap.skip("a host without a default route", "pasta is not installed")
    elif result.returncode == 0:
        caller.tap.skip("a host without a default route", "this pasta does not need one")
    else:
        caller.error(result, "--network: no program connects the lab", "a host without a default route")


def main():
    if os.geteuid() != 0:
        skip_all("only root can make the test's network")
    tap = Tap()
    virt_ccw = os.path.abspath(sys.argv[1])
    programs = [name for name in PROGRAMS if shutil.which(name)]
    if not os.environ.get(INSIDE):
        with labtest.workdir() as folder:
            enter_host(folder)
    folder = os.path.realpath(os.environ[INSIDE])
    host = make_host()
    os.mkdir(f"{folder}/run", 0o700)
    caller = Caller(tap, virt_ccw, folder, [])
    for name in PROGRAMS:
        if name in programs:
            caller.reaches(name)
        else:
            tap.skip(name, "is not installed")
    caller.without()
    for part in PARTS:
        shutil.copy(os.path.join(os.path.dirname(virt_ccw), part), folder)
    shutil.rmtree(f"{folder}/run")
    os.mkdir(f"{folder}/run", 0o700)
    for path in [folder] + [os.path.join(folder, name) for name in os.listdir(folder)]:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    prefix = [shutil.which("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    print(f"# as uid {NOBODY}", flush=True)
    other = Caller(tap, os.path.join(folder, "virt-ccw"), folder, prefix)
    for name in programs:
        other.reaches(name)
    other.without()
    no_route(caller, programs)
    host.kill()
    host.wait()
    tap.done()


main()
