#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A lab from outside: exit codes, signals, two labs at once, unusual surroundings, bad input; and that it leaves nothing
behind. As root, the test does all of it as root and then without any privilege.

    test-lifecycle.py VIRT-CCW
"""

import os
import shlex
import shutil
import signal
import subprocess
import sys

import labtest
from labtest import AS_NOBODY, NOBODY
import surroundings as unusual
from tap import Tap
from waiting import DEADLINE, wait_until

PARTS = ("virt-ccw", "virtccwd", "../vfio/libvirt-ccw-vfio.so")

# Prints its namespaces, then waits for a signal, prints "ended", and exits with 20 more than the signal.
WAITER = """
for signal in 1 2 15; do trap "echo ended; exit $((signal + 20))" $signal; done
readlink /proc/self/ns/pid /proc/self/ns/mnt | xargs
while :; do sleep infinity & wait; done
"""
LISTING = "virsh -q nodedev-list --cap ccw; cat /sys/bus/ccw/devices/0.0.1234/online"
STRANGE = "Platte für z Linux"  # the name of an image
STUBBORN = WAITER.replace("echo ended; exit $((signal + 20))", ":")


class Lab:
    """Runs labs for one kind of caller."""

    def __init__(self, tap, virt_ccw, folder, prefix):
        self.tap, self.virt_ccw, self.folder, self.prefix = tap, virt_ccw, folder, prefix
        self.environment = dict(os.environ, HOME=folder, PATH="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")

    def arguments(self, devices, command):
        return self.prefix + labtest.lab_command(self.virt_ccw, devices, command)

    def run(self, devices, command, **more):
        return subprocess.run(self.arguments(devices, command), text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, cwd=self.folder, env=self.environment, check=False,
                              timeout=DEADLINE, **more)

    def start(self, devices, program):
        """Returns the process and the lab's namespaces, once the command runs."""
        process = subprocess.Popen(self.arguments(devices, ["bash", "-c", program]), text=True,
                                   stdout=subprocess.PIPE, cwd=self.folder, env=self.environment)
        namespaces = process.stdout.readline().split()
        return process, namespaces


def gone(namespaces):
    return not any(labtest.processes_in(namespace) for namespace in namespaces)


def exit_codes(lab, devices):
    cases = [
        ("success", ["true"], 0),
        ("a failure", ["sh", "-c", "exit 7"], 7),
        ("a signal", ["sh", "-c", "kill -9 $$"], 137),
        ("no such command", ["no-such-command-here"], 127),
        ("not executable", [devices["0.0.1234"]], 126),
    ]
    for name, command, code in cases:
        lab.tap.equal(lab.run(devices, command).returncode, code, f"exit code: {name}")
    ignoring = lab.run(devices, ["sh", "-c", "exit 7"], preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    lab.tap.equal(ignoring.returncode, 7, "exit code: a caller that ignores SIGCHLD")


def surroundings(lab, devices):
    environment = dict(lab.environment, LAB_TEST="kept", VIRSH_DEFAULT_CONNECT_URI="test:///default")
    script = 'cat; pwd; echo "$LAB_TEST"; echo error >&2; umask; virsh -q uri; virsh -q nodedev-list --cap ccw; '
    script += "virt-ccw list | cut -d ' ' -f 1 | xargs"
    result = subprocess.run(lab.arguments(devices, ["sh", "-c", script]), text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, cwd=lab.folder, env=environment, input="input\n", check=False,
                            umask=0o027, timeout=DEADLINE)
    lab.tap.equal(result.stdout.splitlines(),
                  ["input", lab.folder, "kept", "0027", "qemu:///system", "ccw_0_0_1234",
                   "DEVICE 0.0.1234"],
                  "input, folder, environment, umask; virsh reaches libvirt, which has the device; so does virt-ccw")
    lab.tap.equal(result.stderr, "error\n", "stderr is the command's alone")


def at_a_terminal(lab, devices):
    """script(1) makes a terminal. virsh then starts polkit's agent, which is not needed here."""
    command = shlex.join(lab.arguments(devices, ["virsh", "-q", "uri"]))
    result = subprocess.run(["script", "-qec", command, "/dev/null"], text=True, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, cwd=lab.folder, env=lab.environment, check=False,
                            timeout=DEADLINE)
    lab.tap.equal((result.stdout.split(), result.returncode), (["qemu:///system"], 0), "at a terminal virsh says no more")


def ended_by(lab, devices, number):
    name = signal.Signals(number).name
    before = labtest.host_state()
    process, namespaces = lab.start(devices, WAITER)
    lab.tap.ok(len(namespaces) == 2 and not gone(namespaces), f"{name}: the lab is there", namespaces)
    process.send_signal(number)
    output = process.communicate(timeout=DEADLINE)[0]
    if number == signal.SIGKILL:
        lab.tap.equal(process.returncode, -9, f"{name}: it kills")
        wait_until(lambda: gone(namespaces), "the lab's processes end")
    else:
        lab.tap.equal((output, process.returncode), ("ended\n", number + 20), f"{name}: the command gets the signal and chooses the exit code")
    lab.tap.ok(gone(namespaces), f"{name}: no process and no mount namespace is left")
    lab.tap.equal(labtest.host_state() ^ before, set(), f"{name}: the host's mounts and folders are as they were")


def stubborn(lab, devices):
    process, namespaces = lab.start(devices, STUBBORN)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=DEADLINE)
    lab.tap.equal(process.returncode, 128 + signal.SIGTERM, "a command that ignores the signal is killed")
    lab.tap.ok(gone(namespaces), "no process of it is left")


def two_at_once(lab, devices, others):
    first, first_namespaces = lab.start(devices, WAITER)
    take = "echo 0 > /sys/bus/ccw/devices/0.0.1234/online; cat /sys/bus/ccw/devices/0.0.1234/online"
    second = lab.run(others, ["sh", "-c", f"{take}; virsh -q nodedev-list --cap ccw; ls /sys/bus/ccw/devices"])
    lab.tap.equal(second.stdout.split(), ["0", "ccw_0_0_1234", "0.0.1234"], "a second lab beside the first")
    busy = lab.run(devices, ["true"])
    lab.tap.equal(busy.returncode, 1, "the first one's image is in use")
    lab.tap.ok(devices["0.0.1234"] in busy.stderr and busy.stderr.count("\n") == 1, "one line says so", busy.stderr)
    lab.tap.ok(not gone(first_namespaces), "the first one lives on")
    first.terminate()
    first.communicate(timeout=DEADLINE)


def strange_places(lab, options, full, locales):
    """options: of the DASD. full: the beginning of a command line for which TMPDIR is full, or None. locales: a German
    environment, or None."""
    home = os.path.join(lab.folder, "read-only-home")
    places = [("a home that is missing", (), {"HOME": "/none"}), ("a read-only home", (), {"HOME": home}),
              ("the locale C", (), {"LC_ALL": "C"}), ("de_DE.UTF-8", (), locales),
              ("a TMPDIR that is missing", (), {"TMPDIR": "/none"}),
              ("a TMPDIR that is full", full, {"TMPDIR": os.path.join(lab.folder, "full")})]
    for name, before, environment in places:
        if before is None or environment is None:
            lab.tap.skip(f"a lab with {name}", "it cannot be made here")
            continue
        result = subprocess.run([*before, *lab.arguments({"0.0.1234": STRANGE + options}, ["sh", "-c", LISTING])], text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=lab.folder, check=False, timeout=DEADLINE,
                                env={**lab.environment, **environment})
        if options and environment.get("TMPDIR") == "/none":
            lab.tap.ok(result.returncode == 1 and "--snapshot-dir" in result.stderr and result.stderr.count("\n") == 1,
                       f"a lab with {name}: no snapshot", result.stderr)
            continue
        lab.tap.ok(result.stdout.split() == ["ccw_0_0_1234", "1"] and not result.stderr, f"a lab with {name}",
                   result.stdout, result.stderr)


def bad_input(lab, devices):
    image = devices["0.0.1234"]
    text = os.path.join(lab.folder, "text")
    with open(text, "w", encoding="utf-8") as file:
        file.write("no DASD\n" * 200)
    cases = [
        ("no such image", ["--dasd", "0.0.1234=no-such-image"], 1, "no-such-image"),
        ("not CKD", ["--dasd", f"0.0.1234={text}"], 1, text),
        ("a devno twice", ["--dasd", f"0.0.1234={image}", "--dasd", f"0.0.1234={image}"], 1, "0.0.1234"),
        ("cssid too large", ["--dasd", f"ff.0.1234={image}"], 1, "cssid ff"),
        ("another css", ["--dasd", f"1.0.1234={image}"], 1, "cssid 1"),
        ("ssid too large", ["--dasd", f"0.4.1234={image}"], 1, "ssid 4"),
        ("no bus id", ["--dasd", f"foo={image}"], 1, "foo"),
        ("no image", ["--dasd", "0.0.1234"], 2, "0.0.1234"),
        ("an unknown option", ["--dsad", f"0.0.1234={image}"], 2, "--dsad"),
    ]
    for name, options, code, hint in cases:
        command = lab.prefix + [lab.virt_ccw, "lab", "exec", *options, "--", "echo", "ran"]
        result = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=lab.folder,
                                check=False, timeout=DEADLINE)
        lab.tap.ok(result.returncode == code and hint in result.stderr and not result.stdout and
                   (code == 2 or result.stderr.count("\n") == 1), f"bad input: {name}",
                   f"code {result.returncode}\n{result.stdout}{result.stderr}")
    result = subprocess.run(lab.prefix + [lab.virt_ccw, "lab", "exec", "--dasd", f"0.0.1234={image}", "--"], text=True,
                            stderr=subprocess.PIPE, check=False, timeout=DEADLINE)
    lab.tap.ok(result.returncode == 2 and "command" in result.stderr, "bad input: no command", result.stderr)


def missing_parts(tap, virt_ccw, image):
    """Hides or forbids a part of the machine, in namespaces of the test."""
    no_caps = "setpriv --bounding-set=-all --inh-caps=-all"
    cases = [
        ("no /dev/fuse", ["unshare", "--mount"], "mount -t tmpfs none /dev", "", "/dev/fuse"),
        ("no libvirtd", ["unshare", "--mount"], "mount --bind /dev/null $(command -v libvirtd)", "",
         "install libvirt's daemon and its QEMU driver"),
        ("no mdevctl", ["unshare", "--mount"], "mount --bind /dev/null $(command -v mdevctl)", "",
         "install it, because libvirtd needs it"),
        ("no user namespaces", ["unshare", "--user", "--map-root-user"], "echo 0 > /proc/sys/user/max_user_namespaces",
         no_caps, "sysctl user.max_user_namespaces="),
    ]
    for name, enter, prepare, wrap, hint in cases:
        command = shlex.join([virt_ccw, "lab", "exec", "--dasd", f"0.0.1234={image}", "--", "echo", "ran"])
        script = f"{prepare} && exec {wrap} {command}"
        result = subprocess.run(enter + ["sh", "-c", script], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                check=False, timeout=DEADLINE)
        tap.ok(result.returncode == 1 and hint in result.stderr and not result.stdout and
               result.stderr.count("\n") == 1, name, f"code {result.returncode}\n{result.stdout}{result.stderr}")


def all_of_it(lab):
    devices = {"0.0.1234": os.path.join(lab.folder, "one")}
    others = {"0.0.1234": os.path.join(lab.folder, "two")}
    exit_codes(lab, devices)
    surroundings(lab, devices)
    at_a_terminal(lab, devices)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        ended_by(lab, devices, number)
    stubborn(lab, devices)
    two_at_once(lab, devices, others)
    full = unusual.with_full(os.path.join(lab.folder, "full")) if os.geteuid() == 0 else None
    locales = unusual.german(os.path.join(lab.folder, f"locales-of-{'another' if lab.prefix else 'this'}-user"))
    for options in ("", ",snapshot"):
        strange_places(lab, options, full, locales)
    bad_input(lab, devices)


def no_user_namespaces():
    probe = subprocess.run([*AS_NOBODY, "unshare", "--user", "--map-root-user", "true"], check=False,
                           stderr=subprocess.DEVNULL)
    return probe.returncode != 0


def main():
    labtest.enter_mounts()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup a shell could not trap it
    tap = Tap()
    virt_ccw = os.path.abspath(sys.argv[1])
    with labtest.workdir() as folder:
        folder = os.path.realpath(folder)
        for name in ("one", "two", STRANGE):
            labtest.create_image(virt_ccw, f"{folder}/{name}")
        os.mkdir(f"{folder}/full")
        os.mkdir(f"{folder}/read-only-home", 0o555)
        print(f"# as uid {os.geteuid()}", flush=True)
        all_of_it(Lab(tap, virt_ccw, folder, []))
        if os.geteuid() == 0:
            missing_parts(tap, virt_ccw, f"{folder}/one")
        if os.geteuid() != 0:
            tap.skip("with no privilege at all", "this was it")
        elif no_user_namespaces():
            tap.skip("with no privilege at all", "user namespaces are disabled here")
        else:
            # Other users may not be able to read the build folder.
            for part in PARTS:
                shutil.copy(os.path.join(os.path.dirname(virt_ccw), part), folder)
            for path in [folder] + [os.path.join(folder, name) for name in os.listdir(folder)]:
                os.chown(path, NOBODY, NOBODY)
            print(f"# as uid {NOBODY}", flush=True)
            all_of_it(Lab(tap, os.path.join(folder, "virt-ccw"), folder,
                          list(AS_NOBODY)))
    tap.done()


main()
