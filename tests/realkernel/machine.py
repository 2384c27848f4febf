# SPDX-License-Identifier: LGPL-2.1-or-later
"""The emulated mainframe: an s390x Linux with the kernel's own vfio_ccw in stock QEMU, whose channel hardware is the
embedded 3390 (docs/realkernel.md). Boots it, runs commands in it, and ends it."""

import json
import os
import shlex
import subprocess
import tempfile

from guest import Guest, GuestError

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BOOT_SECONDS = 300  # for what takes ten seconds on an idle machine
BIN = "/run/libvirt-ccw/bin"  # in the emulated mainframe
DASDS = ("0.0.1234", "0.0.1235")
VIRTIO_DISK_BYTES = 16 << 20


def prepare(folder):
    """Builds the kernel and the root unless they are in the cache, which may take minutes. Writes their paths to files
    in folder."""
    def script(*argv):
        return subprocess.run([os.path.join(TOP, "scripts", argv[0]), *argv[1:]], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
    kernel = script("realkernel-kernel")
    found = {name: os.path.join(kernel, file) for name, file in (("kernel", "bzImage"), ("initrd", "initrd"))}
    found["root"] = script("realkernel-root", kernel)
    with open(os.path.join(folder, "machine.json"), "w", encoding="utf-8") as file:
        json.dump(found, file)


def parts(folder, build_s390x):
    """Returns the parts of a machine: {name: path}."""
    path = os.path.join(folder, "machine.json")
    if not os.path.exists(path):
        prepare(folder)
    with open(path, encoding="utf-8") as file:
        found = json.load(file)
    return {**found, "build": build_s390x}


class Machine:
    """One boot of the emulated mainframe. cylinders: {bus id: cylinders} of new volumes; those in `offline` are left
    offline. virtio_disks: the bus ids of new virtio disks. Two emulated processors wait for each other at every change of an
    address space: with one, everything that starts a process is a third faster, and two machines in parallel are as
    fast as one."""

    def __init__(self, found, cylinders=None, offline=(), cpus=1, memory=2048, tools=os.path.join(TOP, "build"),
                 tb_size=None, virtio_disks=()):
        self.parts = found
        self.cylinders = cylinders or {bus_id: 10 for bus_id in DASDS}
        self.offline = offline
        self.virtio_disks = virtio_disks
        self.cpus = cpus
        self.memory = memory
        self.tb_size = tb_size
        self.tools = os.path.join(tools, "src", "tools")
        self.folder = tempfile.TemporaryDirectory(prefix="libvirt-ccw-machine.")
        self.console = os.path.join(self.folder.name, "console.log")
        self.log = os.path.join(self.folder.name, "qemu.log")
        self.qmp = os.path.join(self.folder.name, "qmp")
        self.process = None
        self.guest = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.folder.cleanup()

    def image(self, bus_id):
        return os.path.join(self.folder.name, f"{bus_id}.ckd")

    def virtio_image(self, bus_id):
        return os.path.join(self.folder.name, f"{bus_id}.img")

    def create_images(self):
        """Makes new volumes; those of an earlier boot keep their content."""
        for bus_id, cylinders in self.cylinders.items():
            if os.path.exists(self.image(bus_id)):
                continue
            subprocess.run([os.path.join(self.tools, "virt-ccw"), "dasd", "create", self.image(bus_id),
                            "--cylinders", str(cylinders), "--volser", "BX" + bus_id[-4:].upper()], check=True)
        for bus_id in self.virtio_disks:
            with open(self.virtio_image(bus_id), "ab") as file:
                file.truncate(VIRTIO_DISK_BYTES)

    def argv(self, console):
        online = ",".join(bus_id for bus_id in self.cylinders if bus_id not in self.offline)
        # QEMU uses its translated code for the next process, too, if the same code has the same address there.
        append = ["console=ttysclp0 panic=-1 norandmaps quiet", f"machine.online={online}"]
        argv = [os.path.join(self.tools, "qemu-ccw"), "--qmp", self.qmp]
        for bus_id in self.cylinders:
            argv += ["--dasd", f"{bus_id}={self.image(bus_id)}"]
        # Without minste3=off, user space of a second level computes wrong results (QEMU 7.2, TCG). Without vector
        # instructions, each of which QEMU emulates by a call, libc uses fewer of them.
        argv += ["-machine", "s390-ccw-virtio,s390-map-css=on", "-cpu", "max,minste3=off,vx=off", "-smp", str(self.cpus),
                 "-m", str(self.memory), "-nodefaults", "-display", "none", "-no-reboot", "-kernel", self.parts["kernel"],
                 "-initrd", self.parts["initrd"],
                 "-drive", f"if=none,id=root,format=raw,snapshot=on,file={self.parts['root']}",
                 "-device", "virtio-blk-ccw,drive=root,devno=fe.0.f000", "-device", "virtio-rng-ccw,devno=fe.0.f001",
                 "-device", "virtio-serial-ccw,devno=fe.0.f002", "-device", "sclpconsole,chardev=console"]
        for number, (name, path) in enumerate((("clone", TOP), ("build", self.parts["build"]),
                                               ("kernel", os.path.dirname(self.parts["kernel"])))):
            argv += ["-fsdev", f"local,id={name},path={path},security_model=none,readonly=on",
                     "-device", f"virtio-9p-ccw,fsdev={name},mount_tag={name},devno=fe.0.f0{number + 16:02x}"]
        for bus_id in self.virtio_disks:
            name = f"virtio{bus_id[-4:]}"
            argv += ["-drive", f"if=none,id={name},format=raw,file={self.virtio_image(bus_id)}",
                     "-device", f"virtio-blk-ccw,drive={name},devno=fe.{bus_id[2:]}"]
        if self.tb_size:
            argv += ["-accel", f"tcg,tb-size={self.tb_size}"]
        if console:
            argv += ["-chardev", f"file,id=console,path={self.console}",
                     "-chardev", f"socket,id=port,path={self.folder.name}/port",
                     "-device", "virtserialport,chardev=port,name=org.libvirt-ccw.machine.0"]
        else:
            argv += ["-chardev", "stdio,id=console,signal=off"]
            append.append("machine.shell=yes")
        for bus_id in self.cylinders:
            argv += ["-device", f"vfio-ccw,id=dasd{bus_id[-4:]},hostid={bus_id},guestid=fe.{bus_id[2:]}"]
        return argv + ["-append", " ".join(append)]

    def shell(self):
        """Runs a shell in it on this terminal, until the user leaves it."""
        self.create_images()
        return subprocess.call(self.argv(console=False))

    def boot(self):
        self.create_images()
        # This process makes the listening socket, so that it only has to wait for the machine itself.
        with open(self.log, "ab") as log:
            with Guest.listen(os.path.join(self.folder.name, "port")) as listener:
                # However this process ends, also by SIGKILL, QEMU ends.
                self.process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *self.argv(console=True)],
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                self.guest = listener.accept(timeout=60)
        os.unlink(os.path.join(self.folder.name, "port"))
        self.guest.run("true", timeout=BOOT_SECONDS)

    def run(self, command, timeout=600, progress=None):
        """Returns (exit code, output) of a shell command in the clone; progress is called with each line as it arrives."""
        if not isinstance(command, str):
            command = shlex.join(command)
        return self.guest.try_run(command, timeout, progress)

    def off(self):
        self.guest.send("sync; poweroff -f")
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired as late:
            raise GuestError("the emulated mainframe does not power off") from late
        if code != 0:
            raise GuestError(f"QEMU ended with exit code {code}:\n{self.why()}")

    def why(self):
        """Returns what explains a failure: the ends of the console's and of QEMU's output."""
        text = []
        for path in (self.console, self.log):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += [f"the end of {os.path.basename(path)}:\n", *file.readlines()[-40:]]
        return "".join(text)

    def kill(self):
        if self.process and self.process.poll() is None:
            # qemu-ccw passes SIGTERM on to QEMU; with SIGKILL it could not.
            self.process.terminate()
            self.process.wait()
        if self.guest:
            self.guest.close()
