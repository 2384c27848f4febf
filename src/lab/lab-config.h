/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The configuration of the lab's libvirt: files of its private /etc/libvirt.
 */
#pragma once

#include <glib.h>

#define LAB_URI "qemu:///system"

gboolean lab_config_write(gboolean privileged, GError **error);
