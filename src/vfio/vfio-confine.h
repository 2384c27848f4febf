/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Confines the QEMU of a lab's guest more than libvirt does.
 *
 * The kernel's Landlock keeps QEMUs from each other. AppArmor and SELinux apply to the whole host, so a lab leaves them
 * alone. Landlock applies to one process, and ends with it.
 *
 * In a lab without privilege, QEMU has the user id of the lab's root. Without confinement, QEMU could give orders to
 * libvirtd. It would also own libvirtd's configuration and the hardware's files in /sys.
 */
#pragma once

/**
 * vfio_confine:
 *
 * Puts this process into a Landlock domain of its own, if the kernel has Landlock. If the process has uid 0, this
 * function first takes away the sockets that manage the lab, the right to write to the lab's own files, and all
 * capabilities. The process cannot undo any of this.
 *
 * Ends the process with a message if the kernel refuses a step. Call this at the start of a process, while it has one
 * thread.
 */
void vfio_confine(void);
