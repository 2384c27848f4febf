/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration of the lab's libvirt: files of its private /etc/libvirt.
 */
#pragma once

#include "lab/lab-guest.h"

#define LAB_URI "qemu:///system"

/**
 * lab_config_write: Writes the files.
 * @can_make_nodes: libvirt can make device nodes for a guest's own /dev
 * @user: the user that guests run as
 *
 * Returns: FALSE with an error if a file cannot be written.
 */
gboolean lab_config_write(gboolean can_make_nodes, LabGuestUser user, GError **error);
