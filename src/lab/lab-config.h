/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes the configuration of the lab's libvirt into the lab's private /etc/libvirt.
 */
#pragma once

#include "lab/lab-guest.h"

#define LAB_URI "qemu:///system"

/**
 * lab_config_write: Writes the configuration files.
 * @can_make_nodes: libvirt can make device nodes for a guest's own /dev
 * @user: the user that guests run as
 *
 * Returns: TRUE; FALSE with an error if a file cannot be written.
 */
gboolean lab_config_write(gboolean can_make_nodes, LabGuestUser user, GError **error);
