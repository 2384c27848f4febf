/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an administrator has set of a DASD, and the kernel forgets when it goes offline: it is set again when the device
 * is back. What the kernel keeps by the device's number (readonly, use_diag, raw_track_access and others) is none of
 * these.
 */
#pragma once

#include <glib.h>

#define CCW_DASD_SETTINGS 7

typedef struct {
    char *values[CCW_DASD_SETTINGS]; /* decimal; NULL: the device has no such attribute */
} CcwDasdSettings;

void ccw_dasd_settings_clear(CcwDasdSettings *settings);

/* The attribute of a ccw device. */
const char *ccw_dasd_setting_name(guint index);

/* FALSE: not what any of them reads. */
gboolean ccw_dasd_setting_is_valid(const char *value);

/* Of the online ccw device in a directory; settings holds nothing yet. */
void ccw_dasd_settings_read(const char *ccw_dir, CcwDasdSettings *settings);
