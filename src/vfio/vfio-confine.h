/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Confines the QEMU of a lab's guest beyond what libvirt does.
 *
 * The kernel's Landlock keeps QEMUs from each other. AppArmor and SELinux are for the whole host, so a lab leaves them
 * alone; Landlock is for one process, and ends with it.
 *
 * In a lab without privilege, QEMU has the user id of the lab's root. There, libvirtd would take orders from it, and
 * libvirtd's configuration and the hardware in /sys would be its own files.
 */
#pragma once

/*
 * Puts this process into a Landlock domain of its own, where the kernel has Landlock. From uid 0 it takes, before, the
 * sockets that manage the lab, the right to write to what is the lab's own, and all capabilities. Nothing of this can
 * be undone. Ends the process with a message where the kernel refuses a step. For the start of a process, when it has
 * one thread.
 */
void vfio_confine(void);
