# SPDX-License-Identifier: LGPL-2.1-or-later
"""Common parts of the lab's tests: images, and a search for what a lab may have left behind."""

import os
import shutil
import subprocess
import sys

from files import temporary_folder
from steps import SLOWER
from tap import skip_all
from waiting import wait_until

HERE = os.path.dirname(os.path.abspath(__file__))
UUIDS = {"one": "c7a5fdbd-edaf-9455-926a-d65c16db1809", "two": "11111111-2222-4333-8444-555555555555"}
NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--")
IMAGES = "LIBVIRT_CCW_TEST_IMAGES"  # environment of inside_a_lab(): the folder of the images, which are named by bus id
ENTERED = "LIBVIRT_CCW_ENTERED"  # set once this test has its own mount namespace
# The logs of a lab's daemons, and of those that a test has started again: they explain a failed step.
DAEMON_LOGS = tuple(f"/var/log/libvirt/{name}.log" for name in ("virtccwd", "virtccwd-again", "libvirtd", "libvirtd-again"))
PARTS = ("virt-ccw", "virtccwd", "qemu-ccw", "../vfio/libvirt-ccw-vfio.so")


def hostdev(devno="0x1234", managed="yes", inside=""):
    return (f"<hostdev mode='subsystem' type='ccw' managed='{managed}'>"
            f"<source><address devno='{devno}'/></source>{inside}</hostdev>")


def domain(name, hostdevs="", features="", uuid=None):
    """Returns a domain to be started paused: it has no kernel."""
    return f"""<domain type='qemu'><name>{name}</name><uuid>{uuid or UUIDS[name]}</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
{features}<devices><emulator>/usr/bin/qemu-system-s390x</emulator><memballoon model='none'/>{hostdevs}</devices></domain>
"""


def workdir():
    return temporary_folder(prefix="libvirt-ccw-test.")


def create_image(virt_ccw, path):
    subprocess.run([virt_ccw, "dasd", "create", path, "--cylinders", "10", "--volser", "LAB001"], check=True)
    return path


def create_images(virt_ccw, folder, bus_ids):
    """Returns {bus id: image}. All images are copies of one, which is faster than making many."""
    images = {bus_id: os.path.join(folder, f"{bus_id}.ckd") for bus_id in bus_ids}
    first, *others = images.values()
    create_image(virt_ccw, first)
    for path in others:
        subprocess.run(["cp", "--sparse=always", first, path], check=True)
    return images


def lab_command(virt_ccw, devices, command):
    """devices: {bus id: image}"""
    dasds = [argument for item in devices.items() for argument in ("--dasd", "=".join(item))]
    return [virt_ccw, "lab", "exec", *dasds, "--", *command]


def inside_a_lab(script, function, bus_ids):
    """The main function of SCRIPT VIRT-CCW: runs function(VIRT-CCW) in a lab with new volumes; returns the script's
    exit code."""
    if sys.argv[1] == "--inside":
        function(sys.argv[2])
        return 0
    virt_ccw = os.path.abspath(sys.argv[1])
    with workdir() as folder:
        if "--unprivileged" in sys.argv:
            return call_unprivileged(virt_ccw, script, folder, bus_ids)
        devices = create_images(virt_ccw, folder, bus_ids)
        command = [sys.executable, os.path.abspath(script), "--inside", virt_ccw]
        return subprocess.call(lab_command(virt_ccw, devices, command), env=dict(os.environ, **{IMAGES: folder}))


def copy_for(virt_ccw, folder, user):
    """Copies the programs and the tests to a folder that user can read, which the build and the sources may not be, and
    gives the folder to user. Returns the copy of virt-ccw."""
    for part in PARTS:
        shutil.copy(os.path.join(os.path.dirname(virt_ccw), part), folder)
    for name in ("lab", "lib", "libvirt"):
        shutil.copytree(os.path.join(HERE, "..", name), os.path.join(folder, "tests", name))
    for path, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(os.path.join(path, name), user, user)
    return os.path.join(folder, "virt-ccw")


def call_unprivileged(virt_ccw, script, folder, bus_ids):
    """inside_a_lab() in a lab without privilege. root becomes another user for it."""
    if os.geteuid() != 0:
        skip_all("the test without this option has no privilege already")
    if subprocess.call([*AS_NOBODY, "unshare", "--user", "--map-root-user", "true"], stderr=subprocess.DEVNULL) != 0:
        skip_all("user namespaces are disabled here")
    devices = create_images(virt_ccw, folder, bus_ids)
    copy = copy_for(virt_ccw, folder, NOBODY)
    python = shutil.which("python3", path="/usr/bin:/bin:/usr/local/bin")  # another python3 may be in a home that others cannot enter
    command = [python, os.path.join(folder, "tests", "lab", os.path.basename(script)), "--inside", copy]
    return subprocess.call([*AS_NOBODY, *lab_command(copy, devices, command)], cwd=folder, env=dict(os.environ, HOME=folder, PYTHONPATH=os.path.join(folder, "tests", "lib")))


def subchannel_of(bus_id):
    """Returns the number of its subchannel, from the subchannel's attributes: the ccw device may not exist."""
    folder = "/sys/bus/css/devices"
    for name in os.listdir(folder):
        with open(f"{folder}/{name}/dev_busid", encoding="ascii") as file:
            if file.read().strip() == bus_id:
                return name
    raise LookupError(bus_id)


def mdev_of(bus_id):
    """Returns the UUID of the mediated device of this bus id."""
    return f"cc390000-0001-8000-8000-{bus_id.replace('.', '').zfill(12)}"


def write_sysfs(path, text):
    with open(path, "wb", buffering=0) as file:
        file.write(text.encode())


def give_to_host(bus_id):
    """Removes a mediated device by an administrator's writes."""
    subchannel = subchannel_of(bus_id)
    folder = f"/sys/bus/css/devices/{subchannel}"
    write_sysfs(f"{folder}/{mdev_of(bus_id)}/remove", "1")
    write_sysfs("/sys/bus/css/drivers/vfio_ccw/unbind", subchannel)
    write_sysfs(f"{folder}/driver_override", "\n")
    write_sysfs("/sys/bus/css/drivers/io_subchannel/bind", subchannel)
    set_online(bus_id, 1)


def set_online(bus_id, value):
    """Sets the device online as chccwdev does: a device that has just got its driver back is recognised some time
    later."""
    path = f"/sys/bus/ccw/devices/{bus_id}/online"

    def done():
        try:
            with open(path, "r+b", buffering=0) as file:
                if file.read() == f"{value}\n".encode():
                    return True
                file.write(str(value).encode())
                return True
        except OSError:
            return False
    wait_until(done, f"{bus_id} is set {'online' if value else 'offline'}")


def rounds(number):
    """Returns the number of attempts for events that happen by chance: fewer on a slow machine."""
    return max(2, number // SLOWER)


def few(cases, turn):
    """Returns all of them; on a slow machine one of them, another one each time."""
    return cases if SLOWER == 1 else [cases[turn % len(cases)]]


def processes_in(namespace):
    """Returns the processes of a pid or mount namespace. The namespace is a link's text under /proc/PID/ns."""
    kind = namespace.split(":")[0]
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/{kind}") == namespace:
                found.append(pid)
        except OSError:
            pass
    return found


def enter_mounts():
    """
    Starts this program again in a mount namespace of its own, in which no other test mounts anything while a lab runs. It
    is shared, as a machine's own is, so that it would get what a lab failed to keep to itself.
    """
    if os.geteuid() == 0 and not os.environ.pop(ENTERED, None):
        share = 'mount --make-rshared / && exec "$@"'
        os.execvpe("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", share, "sh", sys.executable,
                               *sys.argv], dict(os.environ, **{ENTERED: "1"}))


def host_state():
    """Returns the host's mounts, and the names in every folder of which a lab has its own."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        state = set(file)
    for root in ("/etc/libvirt", "/etc/mdevctl.d", "/var/lib/libvirt", "/var/log/libvirt", "/var/cache/libvirt",
                 "/run/libvirt-ccw", "/run/udev/control", "/dev/vfio"):
        state.add((root, os.path.exists(root)))
        for folder, folders, files in os.walk(root):
            state.update((folder, name) for name in folders + files)
    return state
