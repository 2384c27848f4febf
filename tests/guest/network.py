#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network of a guest in a lab with --network, by an interface of the type user: the guest reaches a neighbour of
the host (tests/lib/neighbour.py), by its address and by its name.

    network.py VIRT-CCW GUEST-FOLDER
"""

import os
import shutil
import subprocess
import sys

from labguest import LabGuest, device_xml, options
from labtest import workdir
from neighbour import INSIDE, NAME, NEIGHBOUR, PORT, TEXT, enter_host, make_host
from steps import expect
from tap import skip_all

INTERFACE = "<interface type='user'><model type='virtio'/></interface>"
# In QEMU's network for guests (net/slirp.c).
CONFIGURE = """modprobe virtio_net && udevadm settle &&
for path in /sys/class/net/*; do name=${path##*/}; [ $name = lo ] || break; done &&
busybox ip link set $name up && busybox ip addr add 10.0.2.15/24 dev $name &&
busybox ip route add default via 10.0.2.2 && echo $name"""


class Network(LabGuest):
    def starts(self):
        self.define(device_xml() + INTERFACE)
        self.start()

    def reaches_address(self):
        self.steps.note(self.in_guest(CONFIGURE))
        answer = self.in_guest(f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 30 {NEIGHBOUR} {PORT}")
        expect(answer.splitlines()[-1].strip() == TEXT, "the neighbour answered " + answer)

    def reaches_name(self):
        answer = self.in_guest(f"busybox nslookup {NAME} 10.0.2.3")
        self.steps.note(answer)
        expect(NEIGHBOUR in answer, f"the name server does not know {NAME}")

    def run(self):
        run = self.steps.run
        run("a guest with an interface of the type user starts", self.starts)
        run("it reaches a neighbour of the host by its address", self.reaches_address)
        run("and by its name", self.reaches_name)
        run("and ends", self.destroy)
        self.steps.done()


def outside():
    """Makes the host, and runs this program again in a lab there."""
    if os.geteuid() != 0:
        skip_all("only root can make the test's network")
    if not shutil.which("pasta") and not shutil.which("slirp4netns"):
        skip_all("neither pasta nor slirp4netns is installed")
    if not os.environ.get(INSIDE):
        with workdir() as folder:
            enter_host(folder)
    host = make_host()
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "run-in-lab")
    code = subprocess.call([script, *sys.argv[1:], os.path.basename(__file__)],
                           env=dict(os.environ, LIBVIRT_CCW_LAB_OPTIONS="--network"))
    host.kill()
    host.wait()
    sys.exit(code)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        outside()
    Network(options(__doc__)).run()
