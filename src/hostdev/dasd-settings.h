/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The settings of a DASD that the kernel forgets when the device goes offline. A release sets them again. The kernel
 * itself keeps other settings by the device's number (readonly, use_diag, raw_track_access and others).
 */
#pragma once

#include <glib.h>

#define HOSTDEV_DASD_SETTINGS 7

typedef struct {
    char *values[HOSTDEV_DASD_SETTINGS]; /* decimal; NULL: the device has no such attribute */
} HostdevDasdSettings;

void hostdev_dasd_settings_clear(HostdevDasdSettings *settings);

/* Returns: the name of the attribute of a ccw device. */
const char *hostdev_dasd_setting_name(guint index);

/* Returns: FALSE if none of these attributes can have this value. */
gboolean hostdev_dasd_setting_is_valid(const char *value);

/* Reads the settings of the online ccw device in a directory. @settings must be empty. */
void hostdev_dasd_settings_read(const char *ccw_dir, HostdevDasdSettings *settings);
