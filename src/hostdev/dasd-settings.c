/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/dasd-settings.h"

#include <string.h>

#include "css/host-private.h"
#include "css/sysfs.h"

#define DIGITS_MAX 20 /* of a 64-bit number */

/*
 * Those that lie in struct dasd_device, which ends at offline; what struct dasd_devmap has lives as long as the module
 * (drivers/s390/block/dasd_int.h, dasd_devmap.c). Of none of them the device itself is asked.
 */
static const char *const names[CCW_DASD_SETTINGS] = {
    "eer_enabled", "expires", "retries", "timeout", "path_threshold", "path_interval", "aq_timeouts",
};

void ccw_dasd_settings_clear(CcwDasdSettings *settings)
{
    for (guint i = 0; i < CCW_DASD_SETTINGS; i++)
        g_clear_pointer(&settings->values[i], g_free);
}

const char *ccw_dasd_setting_name(guint index)
{
    return names[index];
}

gboolean ccw_dasd_setting_is_valid(const char *value)
{
    gsize length = strlen(value);

    return length > 0 && length <= DIGITS_MAX && strspn(value, "0123456789") == length;
}

void ccw_dasd_settings_read(const char *ccw_dir, CcwDasdSettings *settings)
{
    for (guint i = 0; i < CCW_DASD_SETTINGS; i++) {
        char *value = ccw_sysfs_attr(ccw_dir, names[i]);

        if (value && !ccw_dasd_setting_is_valid(value))
            g_clear_pointer(&value, g_free);
        settings->values[i] = value;
    }
}
