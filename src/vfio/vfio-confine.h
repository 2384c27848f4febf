/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Confines a guest's QEMU in a lab without privilege. There, QEMU has the user id of the lab's root: libvirtd would
 * take orders from it, and libvirtd's configuration and the hardware in /sys are its own files.
 */
#pragma once

/*
 * Takes from this process the sockets that manage the lab, the right to write to what is the lab's own, and all
 * capabilities, for good. Ends the process with a message where the kernel refuses a step. For the start of a process,
 * when it has one thread.
 */
void vfio_confine(void);
