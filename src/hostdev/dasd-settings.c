/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/dasd-settings.h"

#include <string.h>

#include "css/host-private.h"
#include "css/sysfs.h"

#define DIGITS_MAX 20 /* of a 64-bit number */

/*
 * The members of struct dasd_device, which the kernel frees at offline; struct dasd_devmap lives as long as the module
 * (drivers/s390/block/dasd_int.h, dasd_devmap.c). Reading them causes no I/O to the device.
 */
static const char *const names[HOSTDEV_DASD_SETTINGS] = {
    "eer_enabled", "expires", "retries", "timeout", "path_threshold", "path_interval", "aq_timeouts",
};

void hostdev_dasd_settings_clear(HostdevDasdSettings *settings)
{
    for (guint i = 0; i < HOSTDEV_DASD_SETTINGS; i++)
        g_clear_pointer(&settings->values[i], g_free);
}

const char *hostdev_dasd_setting_name(guint index)
{
    return names[index];
}

gboolean hostdev_dasd_setting_is_valid(const char *value)
{
    gsize length = strlen(value);

    return length > 0 && length <= DIGITS_MAX && strspn(value, "0123456789") == length;
}

void hostdev_dasd_settings_read(const char *ccw_dir, HostdevDasdSettings *settings)
{
    for (guint i = 0; i < HOSTDEV_DASD_SETTINGS; i++) {
        char *value = css_sysfs_attr(ccw_dir, names[i]);

        if (value && !hostdev_dasd_setting_is_valid(value))
            g_clear_pointer(&value, g_free);
        settings->values[i] = value;
    }
}
