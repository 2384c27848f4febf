#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A whole Debian for s390x on a DASD, by the commands of examples/debian: root file system, image, IPL to the login
prompt, apt over the network, a kernel package that runs zipl, LVM over two DASDs, swap, a reboot, and an IPL by
virt-install in a lab. The packages come from the archive that this machine's apt uses."""

import argparse
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from deadline import Deadline
from guest import GuestError
from steps import SLOWER, Steps, command, expect
from terminal import Terminal

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLE = os.path.join(HERE, "..", "..", "examples", "debian")
ROOT_DEVICE = "0.0.1234"
# More DASDs: two for LVM, one for swap.
MORE = ("0.0.1235", "0.0.1236", "0.0.1237")
PASSWORD = "debian"
ROOT_SECONDS = 3600
IMAGE_SECONDS = 1800
BOOT_SECONDS = 1200
COMMAND_SECONDS = 300
APT_SECONDS = 1800
LOOK_SECONDS = 10  # after which a deadline is looked at again
# What a real 3390 shows, too.
HARMLESS = re.compile(r"dasd-eckd 0\.0\.\w{4}: (New DASD|A channel path|The DASD is not formatted|DASD with \d+ KB/block)|"
                      r"dasd\w: *(VOL1/|\(nonl\)|dasd\w1|CMS1)|DASD driver|remount|mounted filesystem|re-mounted")


def runs(argv, steps, timeout, **kwargs):
    """Runs a command that takes minutes. What it writes is shown as it comes."""
    steps.note("$ " + " ".join(argv))
    lines = []
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True, **kwargs) as process:
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(process.pid, signal.SIGTERM))
        signal.alarm(timeout * SLOWER)
        for line in process.stdout:
            lines.append(line.rstrip())
            steps.note(line.rstrip())
        code = process.wait()
        signal.alarm(0)
    expect(code == 0, f"exit code {code}: {' '.join(argv)}\n" + "\n".join(lines[-20:]))


class Console:
    """A system's console: what examples/debian/boot shows on a terminal."""

    def __init__(self, argv, log):
        self.terminal = Terminal(argv, log=log)

    def wait_for(self, pattern, seconds):
        """As Terminal.wait_for. The time for which QEMU waited for a processor does not count."""
        deadline = Deadline(seconds * SLOWER, self.terminal.pid)
        while True:
            try:
                return self.terminal.wait_for(pattern, max(min(deadline.left(), LOOK_SECONDS), 0))
            except (TimeoutError, EOFError) as error:
                if isinstance(error, TimeoutError) and deadline.left() > 0:
                    continue
                raise GuestError(f"no '{pattern}' within {seconds * SLOWER} s; the end of the console:\n" +
                                 self.terminal.text[-2000:]) from error

    def login(self):
        self.terminal.type("root\n")
        self.wait_for("Password: *$", COMMAND_SECONDS)
        self.terminal.type(PASSWORD + "\n")
        self.wait_for(r"root@debian:.*# *$", COMMAND_SECONDS)
        # A shell without line editing, echo, prompts and colours: what it prints is the output of commands. The words in
        # quotes keep the command's echo from looking like its output.
        self.terminal.type("dmesg -n 1; exec env PS1= PS2= TERM=dumb SYSTEMD_COLORS=0 SYSTEMD_PAGER= "
                           "sh -c 'stty -echo cols 300; echo \"no\"-echo; exec sh'\n")
        self.wait_for("no-echo\r+\n", COMMAND_SECONDS)

    def try_run(self, text, seconds=COMMAND_SECONDS):
        self.terminal.type(f"{{ {text}\n}} </dev/null; echo \"exit\"-code $?.\n")
        match, output = self.wait_for(r"exit-code (\d+)\.\r+\n", seconds)
        return int(match.group(1)), output[:match.start()].replace("\r", "").strip()

    def run(self, text, seconds=COMMAND_SECONDS):
        code, output = self.try_run(text, seconds)
        expect(code == 0, f"in the guest, exit code {code}: {text}\n{output}")
        return output

    def poweroff(self):
        self.terminal.type("poweroff\n")
        self.terminal.rest(BOOT_SECONDS * SLOWER)
        return self.terminal.end()

    def kill(self):
        try:
            os.kill(self.terminal.pid, signal.SIGKILL)
            self.terminal.end()
        except (OSError, ChildProcessError):
            pass


class Distribution:
    def __init__(self, options, folder, steps):
        self.options = options
        self.steps = steps
        self.folder = folder
        self.disk = os.path.join(folder, "disk.ckd")
        self.more = {bus_id: os.path.join(folder, bus_id + ".ckd") for bus_id in MORE}
        self.console = None
        self.console_log = os.path.join(folder, "console.log")
        steps.log(self.console_log)

    def example(self, name):
        return os.path.join(EXAMPLE, name)

    def in_guest(self, text, seconds=COMMAND_SECONDS):
        self.steps.note("guest# " + text)
        output = self.console.run(text, seconds)
        self.steps.note(output)
        return output

    def make_root(self):
        if os.path.exists(self.options.root):
            self.steps.note(f"{self.options.root} is there already; remove it to see it made")
            return
        os.makedirs(os.path.dirname(self.options.root), exist_ok=True)
        runs([self.example("make-root"), "--release", self.options.release, self.options.root], self.steps, ROOT_SECONDS)

    def install(self):
        if os.path.exists(self.disk):
            self.steps.note(f"{self.disk} is there already")
            return
        runs([self.example("install"), "--root", self.options.root, self.disk], self.steps, IMAGE_SECONDS)

    def create_more(self):
        for bus_id, image in self.more.items():
            if os.path.exists(image):
                os.unlink(image)
            command([self.options.virt_ccw, "dasd", "create", image, "--cylinders", "100"])
            self.steps.note(f"{bus_id} {image}")

    def check(self, *images):
        for image in images or (self.disk, *self.more.values()):
            _, output = command([self.options.virt_ccw, "dasd", "check", image], timeout=600)
            self.steps.note(output)

    def starts(self, *options):
        more = [word for bus_id, image in self.more.items() for word in ("--dasd", f"{bus_id}={image}")]
        self.boot([self.example("boot"), *options, *more, self.disk])

    def boot(self, argv):
        self.steps.note("$ " + " ".join(argv))
        started = time.monotonic()
        self.console = Console(argv, self.console_log)
        self.console.wait_for("login: *$", BOOT_SECONDS)
        self.steps.note(f"login prompt after {time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f}")

    def login(self):
        self.console.login()
        self.in_guest("uname -srm; . /etc/os-release; echo $PRETTY_NAME")

    def no_failed_unit(self):
        self.in_guest("systemctl is-system-running --wait")
        failed = self.in_guest("systemctl --failed --no-legend --plain --no-pager")
        expect(not failed, "units failed:\n" + failed)
        self.in_guest("systemd-analyze")

    def root_is_dasd(self):
        found = self.in_guest("cat /sys/firmware/ipl/ipl_type /sys/firmware/ipl/device; realpath $(findmnt -n -o SOURCE /)")
        expect(found.split()[:2] == ["ccw", ROOT_DEVICE] and "/dev/dasd" in found.split()[2],
               "it was not booted from the DASD, or its root is elsewhere")

    def kernel_log(self):
        """The kernel has had no fault. A real 3390 would show no other line of the DASDs, and no warning."""
        faults = self.in_guest("journalctl -k -b --no-pager -o cat | grep -E 'ilc:[0-9] \\[#|Call Trace:|kernel BUG' || true")
        expect(not faults, f"the kernel had a fault (docs/install-a-distribution.md, 'A kernel fault without KVM'):\n{faults}")
        lines = self.in_guest("journalctl -k -b --no-pager -o cat | grep -i -E 'dasd|0\\.0\\.123|I/O error|EXT4-fs|blk_update|Buffer I/O'"
                              " || true").splitlines()
        strange = [line for line in lines if not HARMLESS.search(line) and
                   re.search(r"error|fail|timeout|sense|reject|lost|inhibit|warn|cannot|not ", line, re.I)]
        expect(not strange, "the kernel says of the DASDs:\n" + "\n".join(strange))
        warnings = self.in_guest("journalctl -k -b -p warning --no-pager -o cat || true").splitlines()
        strange = [line for line in warnings if re.search(r"dasd|0\.0\.123|ccw|chp|css|vfio", line, re.I) and
                   not HARMLESS.search(line)]
        expect(not strange, "the kernel warns of the DASDs:\n" + "\n".join(strange))

    def tools(self):
        expect(re.search(r"^0\.0\.1234 +active +dasda ", self.in_guest("lsdasd"), re.M), "lsdasd does not show dasda")
        details = self.in_guest("lsdasd -l 0.0.1234")
        expect("-5" not in details and not re.search(r"logical_capacity:? +0\b", details),
               "the volume storage query was not answered")
        listed = self.in_guest("lszdev --online dasd-eckd 0.0.1234")
        expect("yes" in listed and "dasda" in listed, "lszdev does not show dasda")
        expect("DEBIAN" in self.in_guest("dasdview -x -i -l -j /dev/dasda | cat"), "dasdview does not show the volume serial")
        self.in_guest("lscss -d 0.0.1234; lschp")

    def apt(self):
        self.in_guest("apt-get -q update 2>&1 | tail -n 5; ! command -v vgs", APT_SECONDS)
        self.in_guest("DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install lvm2 2>&1 | tail -n 30",
                      APT_SECONDS)
        self.in_guest("command -v vgs")

    def kernel_again(self):
        """The package's own hook runs zipl."""
        before = self.in_guest("stat -c %y /boot/bootmap")
        said = self.in_guest("DEBIAN_FRONTEND=noninteractive apt-get -q -y install --reinstall linux-image-$(uname -r) 2>&1 |"
                             " tail -n 40", APT_SECONDS)
        expect("zz-zipl" in said or "Preparing boot device" in said, "no hook of the kernel package ran zipl")
        expect(self.in_guest("stat -c %y /boot/bootmap") != before, "zipl has written no new boot map")

    def dasds_online(self):
        for bus_id in MORE:
            self.in_guest(f"chzdev --enable dasd {bus_id} --yes --no-root-update")
        for bus_id in MORE:
            self.in_guest(f"disk=$(realpath /dev/disk/by-path/ccw-{bus_id}) && udevadm settle && "
                          "dasdfmt -b 4096 -y $disk && udevadm settle && fdasd -a -s $disk && udevadm settle")

    def lvm(self):
        first, second, swap = [f"/dev/disk/by-path/ccw-{bus_id}-part1" for bus_id in MORE]
        self.in_guest(f"pvcreate -q {first} {second} && vgcreate -q data {first} {second} && "
                      "lvcreate -q -y -i 2 -l 100%FREE -n lv data && mkfs.ext4 -q /dev/data/lv && mkdir -p /data && "
                      "mount /dev/data/lv /data")
        self.in_guest("dd if=/dev/urandom of=/data/file bs=1M count=20 status=none && cd /data && sha256sum file >sum && cd /")
        self.in_guest(f"mkswap -q {swap} && swapon {swap} && swapon --show")
        self.in_guest(f"echo '/dev/data/lv /data ext4 nofail 0 2' >>/etc/fstab; echo '{swap} none swap nofail 0 0' >>/etc/fstab; "
                      "systemctl daemon-reload")
        self.in_guest("vgs; lvs; lsdasd")

    def reboots(self):
        started = time.monotonic()
        self.console.terminal.type("systemctl reboot\n")
        self.console.wait_for("login: *$", BOOT_SECONDS + 180)
        self.steps.note(f"login prompt again after {time.monotonic() - started:.0f} s")
        self.console.login()

    def lvm_is_back(self):
        found = self.in_guest("findmnt -n -o SOURCE /data && cd /data && sha256sum -c sum && cd / && swapon --show --noheadings && "
                              "vgs --noheadings -o pv_count data")
        expect("/dev/mapper/data-lv" in found and "file: OK" in found, "the logical volume is not as it was")

    def ends(self):
        expect(self.console.poweroff() == 0, "it did not end as it should")
        self.console = None

    def networked(self):
        self.in_guest("ip -4 -br address; resolvectl --no-pager dns || true")
        self.in_guest("apt-get -q update 2>&1 | tail -n 3", APT_SECONDS)

    def kill(self):
        if self.console:
            self.console.kill()

    def run(self):
        run = self.steps.run
        run("make-root makes the root file system", self.make_root)
        run("install makes an image of it", self.install)
        run("virt-ccw dasd check finds no error", self.check, self.disk)
        run("more DASDs are made", self.create_more)
        run("boot IPLs it, to the login prompt", self.starts)
        run("root logs in", self.login)
        run("no unit has failed", self.no_failed_unit)
        run("its root is on the DASD", self.root_is_dasd)
        run("lsdasd, lszdev and dasdview show a 3390", self.tools)
        run("the kernel has nothing to say against the DASD", self.kernel_log)
        run("apt installs a package over the network", self.apt)
        run("the kernel's package runs zipl by its hook", self.kernel_again)
        run("more DASDs are set online, for good, and formatted", self.dasds_online)
        run("LVM stands on two of them, and swap on one", self.lvm)
        run("the kernel has nothing to say against the DASDs", self.kernel_log)
        run("it reboots into its new kernel", self.reboots)
        run("no unit has failed", self.no_failed_unit)
        run("LVM and swap are back", self.lvm_is_back)
        run("the kernel has nothing to say against the DASDs", self.kernel_log)
        run("it ends", self.ends)
        run("virt-ccw dasd check finds no error", self.check)
        run("virt-install boots it in a lab, of snapshots", self.starts, "--libvirt", "--snapshot")
        run("root logs in", self.login)
        run("no unit has failed", self.no_failed_unit)
        run("LVM and swap are back", self.lvm_is_back)
        run("the lab's network leads to the archive", self.networked)
        run("it ends", self.ends)
        run("virt-ccw dasd check finds no error", self.check)
        self.steps.done()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--virt-ccw", required=True)
    parser.add_argument("--qemu-ccw", required=True)
    parser.add_argument("--release", default="bookworm", help="of the guest")
    parser.add_argument("--root", required=True, help="the root file system; it is made if it is not there, and kept")
    parser.add_argument("--folder", help="keep the images and the console's log here, and take an image that is here")
    parser.add_argument("--plain", action="store_true", help="for a person instead of a test harness")
    options = parser.parse_args()
    os.environ.update(VIRT_CCW=options.virt_ccw, QEMU_CCW=options.qemu_ccw)
    folder = options.folder or tempfile.mkdtemp(prefix="libvirt-ccw.")
    os.makedirs(folder, exist_ok=True)
    test = Distribution(options, folder, Steps(options.plain))
    try:
        test.run()
    finally:
        test.kill()
        if not options.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
