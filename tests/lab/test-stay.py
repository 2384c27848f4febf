#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Labs that stay: start, enter, exec, stop and list, with virsh outside; two at once, bad names, an interrupted start,
labs that are killed; and that they leave nothing behind. As root, the test does all of it as root and then without any
privilege.

    test-stay.py VIRT-CCW
"""

import hashlib
import json
import os
import re
import select
import shutil
import signal
import stat
import subprocess
import sys

import labtest
from labtest import AS_NOBODY, NOBODY, domain, hostdev
from tap import Tap
from waiting import DEADLINE, happens, wait_until

PARTS = ("virt-ccw", "virtccwd", "../vfio/libvirt-ccw-vfio.so")
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"


class Caller:
    """Runs labs that stay for one kind of caller, with a runtime folder of its own."""

    def __init__(self, tap, virt_ccw, folder, prefix):
        self.tap, self.virt_ccw, self.folder, self.prefix = tap, virt_ccw, folder, prefix
        self.runtime = os.path.join(folder, "run")
        self.labs = os.path.join(self.runtime, "libvirt-ccw", "labs")
        self.environment = dict(os.environ, HOME=folder, PATH=PATH, XDG_RUNTIME_DIR=self.runtime, SHELL="/bin/sh")

    def run(self, *command, env=None, **more):
        return subprocess.run([*self.prefix, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=self.folder, env=env or self.environment, check=False, timeout=DEADLINE, **more)

    def popen(self, *command):
        return subprocess.Popen([*self.prefix, *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                cwd=self.folder, env=self.environment)

    def in_lab(self, script):
        """Starts a script in the lab "one", and waits for its first line."""
        process = self.popen(self.virt_ccw, "lab", "exec", "--lab", "one", "--", "sh", "-c", script)
        process.stdout.readline()
        return process

    def lab(self, *words, **more):
        return self.run(self.virt_ccw, "lab", *words, **more)

    def start(self, name, image=None):
        """Returns the URI."""
        result = self.lab("start", name, *(["--dasd", f"0.0.1234={image}"] if image else []))
        self.tap.ok(result.returncode == 0 and result.stderr == "" and result.stdout.count("\n") == 1,
                    f"lab start {name} prints one line", f"{result.returncode}\n{result.stdout}{result.stderr}")
        return result.stdout.strip()

    def listed(self):
        """Returns {name: object}."""
        return {item["name"]: item for item in json.loads(self.lab("list", "--json").stdout)}

    def virsh(self, uri, *words):
        return self.run("virsh", "-q", "-c", uri, *words)

    def left(self):
        """Returns the names in the folder of labs."""
        return sorted(os.listdir(self.labs)) if os.path.isdir(self.labs) else []

    def error(self, result, hint, name, code=1):
        self.tap.ok(result.returncode == code and hint in result.stderr and not result.stdout and
                    (code == 2 or result.stderr.count("\n") == 1), name,
                    f"code {result.returncode}\n{result.stdout}{result.stderr}")


def namespace_of(pid):
    return os.readlink(f"/proc/{pid}/ns/pid")


def first_life(caller, image):
    tap = caller.tap
    uri = caller.start("one", image)
    pattern = r"qemu\+unix:///system\?socket=\S+/libvirt-ccw/labs/one/libvirt-sock"
    tap.ok(re.fullmatch(pattern, uri), "the line is the URI", uri)
    tap.equal(stat.S_IMODE(os.stat(caller.labs).st_mode), 0o700, "no other user can look into the folder of labs")
    one = caller.listed()["one"]
    tap.equal([one[key] for key in ("state", "uri", "dasds", "network")],
              ["running", uri, [f"0.0.1234={image}"], None], "lab list --json has it")
    table = caller.lab("list").stdout.splitlines()
    tap.ok(len(table) == 2 and table[0].startswith("NAME ") and table[1].split()[:2] == ["one", "running"] and
           table[1].endswith(uri), "so has lab list", *table)
    return uri


def outside(caller, uri):
    """A real virsh on the host, which is no process of the lab."""
    tap = caller.tap
    found = caller.virsh(uri, "nodedev-list", "--cap", "ccw")
    tap.equal(found.stdout.split(), ["ccw_0_0_1234"], "virsh outside sees the lab's device")
    xml = os.path.join(caller.folder, "guest.xml")
    with open(xml, "w", encoding="utf-8") as file:
        file.write(domain("one", hostdev()))
    defined = caller.virsh(uri, "define", xml)
    started = caller.virsh(uri, "start", "one", "--paused")
    tap.equal((defined.returncode, started.returncode), (0, 0), "and starts a guest with it")
    tap.note(defined.stderr + started.stderr)
    tap.equal(caller.virsh(uri, "domstate", "one").stdout.strip(), "paused", "which virsh outside watches")
    inside = caller.lab("exec", "--lab", "one", "--", "virsh", "-q", "list", "--name")
    tap.equal(inside.stdout.split(), ["one"], "virsh inside sees the same guest")
    raised = caller.virsh(uri, "dumpxml", "one").stdout
    tap.ok("type='ccw'" in raised, "virtccwd stands in front of that libvirt", raised)
    several = [caller.popen("virsh", "-q", "-c", uri, "list", "--name") for _ in range(8)]
    seen = {process.communicate(timeout=DEADLINE)[0].strip() for process in several}
    tap.equal(seen, {"one"}, "eight of them at once")


def commands(caller):
    tap = caller.tap
    for name, words, code in (("success", ["true"], 0), ("a failure", ["sh", "-c", "exit 7"], 7),
                              ("a signal", ["sh", "-c", "kill -9 $$"], 137),
                              ("no such command", ["no-such-command"], 127)):
        tap.equal(caller.lab("exec", "--lab", "one", "--", *words).returncode, code, f"lab exec --lab: {name}")
    script = 'cat; pwd; echo "$LAB_TEST"; umask; virsh -q uri; virt-ccw lab state 0.0.1234'
    result = caller.lab("exec", "--lab", "one", "--", "sh", "-c", script, input="input\n", umask=0o027,
                        env=dict(caller.environment, LAB_TEST="kept", VIRSH_DEFAULT_CONNECT_URI="test:///default"))
    tap.equal(result.stdout.split(), ["input", caller.folder, "kept", "0027", "qemu:///system", "good"],
              "input, folder, environment, umask; virsh and virt-ccw are the lab's")
    shell = caller.lab("enter", "one", input="virsh -q uri; exit 9\n")
    tap.equal((shell.stdout.split(), shell.returncode), (["qemu:///system"], 9), "lab enter runs the shell")
    hidden = caller.lab("exec", "--lab", "one", "--", "ls", "-A", caller.labs)
    tap.equal((hidden.stdout, hidden.returncode), ("", 0), "the lab does not see the sockets of labs")
    waiter = caller.in_lab("trap 'echo ended; exit 35' TERM; sleep infinity >&- 2>&- & echo there; wait")
    waiter.send_signal(signal.SIGTERM)
    tap.equal((waiter.communicate(timeout=DEADLINE)[0], waiter.returncode), ("ended\n", 35), "a signal is passed on")


def wrong(caller, image):
    for name in ("", ".", "..", "a/b", "../x", "x" * 41, "a b", "a\nb", "\xe4", "%s"):
        caller.error(caller.lab("start", name), "is not a name for a lab", f"start: the name {name!r}")
    before = caller.left()
    caller.error(caller.lab("start", "one", "--dasd", f"0.0.1234={image}.no"), "image.no", "start: no such image")
    caller.error(caller.lab("start", "one"), "there is a lab 'one' already", "start: a name twice")
    caller.error(caller.lab("start", "two", "--dasd", f"0.0.1234={image}"), "is in use by", "start: an image twice")
    caller.error(caller.lab("stop", "none"), "there is no lab 'none'", "stop: no such lab")
    caller.error(caller.lab("enter", "none"), "there is no lab 'none'", "enter: no such lab")
    caller.error(caller.lab("exec", "--lab", "none", "--", "true"), "there is no lab 'none'", "exec: no such lab")
    both = caller.lab("exec", "--lab", "one", "--dasd", f"0.0.1234={image}", "--", "true")
    caller.error(both, "--lab one", "exec: --lab and --dasd", 2)
    for verb in ("start", "enter", "stop"):
        caller.error(caller.lab(verb), "the name of the lab is missing", f"{verb}: no name", 2)
    caller.error(caller.lab("start", "one", "two"), "'two' is one argument too many", "start: two names", 2)
    long = os.path.join(caller.folder, "r" * 80)
    caller.run("mkdir", "-m", "700", long)
    result = caller.lab("start", "one", env=dict(caller.environment, XDG_RUNTIME_DIR=long))
    caller.error(result, "use a shorter name", "start: a path that is too long for a socket")
    shutil.rmtree(long)
    caller.tap.equal(caller.left(), before, "none of this has left anything, or ended the lab")


def two_at_once(caller, image):
    tap = caller.tap
    uri = caller.start("two.b-c_d", image)
    tap.equal(sorted(caller.listed()), ["one", "two.b-c_d"], "two labs at once")
    tap.equal(caller.virsh(uri, "list", "--all", "--name").stdout.split(), [], "the second has a libvirt of its own")
    stopped = caller.lab("stop", "two.b-c_d")
    tap.equal((stopped.returncode, stopped.stdout, stopped.stderr), (0, "", ""), "the second is stopped")
    tap.equal(sorted(caller.listed()), ["one"], "the first stays")


def snapshots(caller, image):
    """Two labs have snapshots of one image at once, and neither writes to it."""
    with open(image, "rb") as file:
        before = hashlib.file_digest(file, "sha256").hexdigest()
    for name in ("first", "second"):
        uri = caller.start(name, image + ",snapshot")
        device = caller.virsh(uri, "nodedev-list", "--cap", "ccw").stdout.split()
        caller.tap.equal(device, ["ccw_0_0_1234"], f"{name} has the device")
    for name in ("first", "second"):
        caller.lab("stop", name)
    with open(image, "rb") as file:
        caller.tap.equal(hashlib.file_digest(file, "sha256").hexdigest(), before, "the image is as it was")


def other_namespace(tap, virt_ccw, folder):
    """The recorded process number of the lab belongs to another process there, which must not be killed."""
    caller = Caller(tap, virt_ccw, folder, [])
    caller.start("one")
    there = ("unshare", "--pid", "--fork", "--mount-proc")
    for words in (("stop", "one"), ("enter", "one"), ("exec", "--lab", "one", "--", "true")):
        caller.error(caller.run(*there, virt_ccw, "lab", *words), "in another PID namespace", f"lab {words[0]} elsewhere")
    tap.equal(caller.listed()["one"]["state"], "running", "the lab stays")
    caller.lab("stop", "one")


def leaves_pipes(caller):
    """A caller that waits for the end of a pipe, as a shell's $(...) does, does not wait for the lab."""
    there, here = os.pipe()
    os.set_inheritable(here, True)
    caller.run(caller.virt_ccw, "lab", "start", "one", pass_fds=[here])
    os.close(here)
    caller.tap.equal(select.select([there], [], [], DEADLINE)[0], [there], "the lab keeps no pipe of its caller open")
    os.close(there)
    caller.tap.equal(caller.lab("stop", "one").returncode, 0, "it was there")


def stops(caller, uri):
    tap = caller.tap
    namespace = namespace_of(caller.listed()["one"]["pid"])
    waiter = caller.in_lab("echo there; exec sleep infinity")
    tap.ok(len(labtest.processes_in(namespace)) > 4, "the lab has processes")
    tap.equal(caller.lab("stop", "one").returncode, 0, "the first is stopped, with a guest and a command in it")
    tap.equal(waiter.wait(timeout=DEADLINE), 137, "the command is killed")
    # One that another process has started in the lab can end a moment after the lab's process 1.
    tap.ok(happens(lambda: not labtest.processes_in(namespace)), "no process is left",
           str(labtest.processes_in(namespace)))
    tap.equal(caller.left(), [], "no file is left")
    tap.ok(caller.virsh(uri, "list").returncode != 0, "virsh outside finds no libvirt any more")
    tap.equal(caller.lab("list").stdout, "", "lab list is empty")


def again_and_again(caller, image):
    for _ in range(labtest.rounds(3)):
        caller.start("one", image)
        caller.tap.equal(caller.lab("stop", "one").returncode, 0, "and it is stopped")


def kill_background(caller):
    """Kills the process in the background, and waits until the lab has ended, as it must then."""
    pid = caller.listed()["one"]["pid"]
    namespace = namespace_of(pid)
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        parent = int(re.search(r"^PPid:\s*(\d+)", file.read(), re.M)[1])
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: not labtest.processes_in(namespace), "the lab's processes end")


def killed(caller, image):
    """The end of the process in the background ends the lab."""
    tap = caller.tap
    uri = caller.start("one", image)
    kill_background(caller)
    tap.ok(caller.virsh(uri, "list").returncode != 0, "a lab that was killed: virsh outside gets an error")
    caller.error(caller.lab("exec", "--lab", "one", "--", "true"), "the lab 'one' has died", "so does lab exec")
    table = caller.lab("list").stdout.splitlines()
    tap.equal(table[-1].split()[:2], ["one", "died"], "lab list says that it died")
    log = caller.listed()["one"]["log"]
    tap.ok(os.path.exists(log), "and the log of a lab that died is kept", log)
    tap.equal((caller.lab("stop", "one").returncode, caller.left(), caller.lab("list").stdout), (0, [], ""),
              "until lab stop removes what it left")
    caller.start("one", image)
    pid = caller.listed()["one"]["pid"]
    namespace = namespace_of(pid)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not caller.left(), "the process in the background removes the record")
    tap.none(labtest.processes_in(namespace), "process 1 was killed, and nothing is left")
    caller.start("one", image)
    kill_background(caller)
    caller.start("one", image)
    tap.equal(caller.lab("stop", "one").returncode, 0, "a new lab takes the name of one that died")
    caller.start("one", image)
    kill_background(caller)
    stopped = caller.lab("stop", "one")
    tap.ok(stopped.returncode == 0 and "had died" in stopped.stderr and not caller.left(),
           "lab stop removes what a dead one left", stopped.stderr)


def interrupted(caller, image):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        name = signal.Signals(number).name
        process = caller.popen(caller.virt_ccw, "lab", "start", "one", "--dasd", f"0.0.1234={image}")
        begun = os.path.join(caller.labs, "one", *(["lab"] if number == signal.SIGKILL else []))
        wait_until(lambda: os.path.exists(begun), "the start begins")
        process.send_signal(number)
        output = process.communicate(timeout=DEADLINE)
        code = -9 if number == signal.SIGKILL else 128 + number
        caller.tap.equal((process.returncode, output[0]), (code, ""), f"{name} during lab start")
        wait_until(lambda: not caller.left(), "the record is removed")
        free = caller.run(caller.virt_ccw, "dasd", "check", image)
        caller.tap.equal((caller.left(), free.returncode), ([], 0), f"{name}: nothing is left, and the image is free")


def runtime_folder(caller):
    without = {name: value for name, value in caller.environment.items() if name != "XDG_RUNTIME_DIR"}
    cases = (("no XDG_RUNTIME_DIR", without), ("a folder of another user", dict(without, XDG_RUNTIME_DIR="/")))
    for name, env in cases:
        caller.error(caller.lab("start", "one", env=env), "XDG_RUNTIME_DIR", f"without privilege: {name}")


def root_without_session(tap, virt_ccw):
    """root without a session has its labs in /run; here in a /run of this test."""
    script = f"""mount -t tmpfs none /run && unset XDG_RUNTIME_DIR && uri=$({virt_ccw} lab start one) &&
        virsh -q -c "$uri" uri && echo "$uri" && {virt_ccw} lab stop one && find /run -mindepth 1 ! -type d"""
    result = subprocess.run(["unshare", "--mount", "sh", "-c", script], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, check=False, timeout=DEADLINE)
    tap.equal(result.stdout.split()[1:], ["qemu+unix:///system?socket=/run/libvirt-ccw/labs/one/libvirt-sock"],
              "root without XDG_RUNTIME_DIR has its labs in /run")
    tap.note(result.stderr)


def cannot_be_made(tap, virt_ccw, folder):
    """An error in the background is shown by the command in the foreground."""
    command = f"mount -t tmpfs none /dev && exec {virt_ccw} lab start one"
    env = dict(os.environ, XDG_RUNTIME_DIR=os.path.join(folder, "run"))
    result = subprocess.run(["unshare", "--mount", "sh", "-c", command], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=env, check=False, timeout=DEADLINE)
    tap.ok(result.returncode == 1 and "/dev/fuse" in result.stderr and not result.stdout, "a lab that cannot be made",
           f"{result.returncode}\n{result.stdout}{result.stderr}")


def all_of_it(caller):
    image, other = os.path.join(caller.folder, "image"), os.path.join(caller.folder, "other")
    uri = first_life(caller, image)
    outside(caller, uri)
    commands(caller)
    wrong(caller, image)
    two_at_once(caller, other)
    snapshots(caller, other)
    stops(caller, uri)
    again_and_again(caller, image)
    killed(caller, image)
    interrupted(caller, image)
    leaves_pipes(caller)


def main():
    labtest.enter_mounts()
    tap = Tap()
    virt_ccw = os.path.abspath(sys.argv[1])
    with labtest.workdir() as folder:
        folder = os.path.realpath(folder)
        for name in ("image", "other"):
            labtest.create_image(virt_ccw, f"{folder}/{name}")
        os.mkdir(f"{folder}/run", 0o700)
        print(f"# as uid {os.geteuid()}", flush=True)
        caller = Caller(tap, virt_ccw, folder, [])
        all_of_it(caller)
        prefix = list(AS_NOBODY)
        if os.geteuid() != 0:
            runtime_folder(caller)
            tap.skip("with no privilege at all", "this was it")
        elif subprocess.run([*prefix, "unshare", "--user", "--map-root-user", "true"], check=False).returncode != 0:
            tap.skip("with no privilege at all", "user namespaces are disabled here")
        else:
            root_without_session(tap, virt_ccw)
            other_namespace(tap, virt_ccw, folder)
            cannot_be_made(tap, virt_ccw, folder)
            # Other users may not be able to read the build folder.
            for part in PARTS:
                shutil.copy(os.path.join(os.path.dirname(virt_ccw), part), folder)
            shutil.rmtree(f"{folder}/run")
            os.mkdir(f"{folder}/run", 0o700)
            for path in [folder] + [os.path.join(folder, name) for name in os.listdir(folder)]:
                os.chown(path, NOBODY, NOBODY)
            print(f"# as uid {NOBODY}", flush=True)
            caller = Caller(tap, os.path.join(folder, "virt-ccw"), folder, prefix)
            all_of_it(caller)
            runtime_folder(caller)
    tap.done()


main()
