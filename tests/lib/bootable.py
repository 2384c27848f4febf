# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes a DASD bootable from within the test guest: a root file system, a kernel, and zipl's boot records."""

import os
import re
import shlex

from steps import expect

INIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "guest", "init-on-dasd")
MODULES = "crc32c_generic ext4 dasd_eckd_mod"


def kernel_disk(kernel):
    """Returns the element of a disk that contains the kernel from its first byte on."""
    return (f"<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='{kernel}'/>"
            "<target dev='vda' bus='virtio'/><readonly/></disk>")


def install(run, kernel, partition):
    """run is a LabGuest's in_guest; the partition has a file system. Returns zipl's output."""
    with open(INIT, encoding="utf-8") as file:
        init = file.read()
    run(f"mount {partition} /mnt && mkdir /mnt/boot && head -c {os.path.getsize(kernel)} /dev/vda >/mnt/boot/kernel")
    run("cd / && for name in *; do case $name in dev|mnt|proc|run|sys|tmp) mkdir /mnt/$name ;; "
        "*) cp -a $name /mnt/ ;; esac || exit 1; done", timeout=120)
    run("mkdir -p /run/initrd/bin /run/initrd/lib /run/initrd/dev /run/initrd/sys /run/initrd/mnt && cd /run/initrd && "
        f"cp /bin/busybox bin/ && ln -s busybox bin/sh && printf %s {shlex.quote(init)} >init && chmod 755 init && "
        # In the order in which they are loaded. In some kernels a module is built in, or no longer exists.
        f"for module in {MODULES}; do modprobe -D $module 2>/dev/null; done | while read -r kind path _; do "
        "[ $kind = insmod ] && [ ! -e lib/${path##*/} ] && cp $path lib/ && echo ${path##*/} >>lib/order; done; "
        "[ -s lib/order ] && "
        "find . | cpio -o -H newc | gzip -1 >/mnt/boot/initrd", timeout=120)
    said = run("zipl -V -t /mnt/boot -i /mnt/boot/kernel -r /mnt/boot/initrd -P 'console=ttysclp0 panic=-1' && umount /mnt",
               timeout=120)
    # "Preparing boot device: dasda"; since s390-tools 2.30 with the kinds of IPL before the colon.
    expect(re.search(r"^Preparing boot device[^:]*: dasda", said, re.M), "zipl did not prepare the DASD:\n" + said)
    return said
