/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/steps-write.h"

#include <errno.h>
#include <string.h>

#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "util/error.h"

void hostdev_steps_init(HostdevSteps *steps, CssHost *host, HostdevRecord *record, const CcwBusId *subchannel)
{
    steps->host = host;
    steps->record = record;
    steps->group_fd = -1;
    ccw_bus_id_format(&record->device, steps->device);
    ccw_bus_id_format(subchannel, steps->subchannel);
    conf_uuid_encode(&record->device, steps->uuid);
    steps->css_dir = css_host_path(host, "bus/css/devices/%s", steps->subchannel);
    steps->has_now = css_sysfs_attr(steps->css_dir, "dev_busid");
    steps->ccw_dir = css_host_path(host, "bus/ccw/devices/%s", steps->device);
}

void hostdev_steps_clear(HostdevSteps *steps)
{
    g_free(steps->css_dir);
    g_free(steps->has_now);
    g_free(steps->ccw_dir);
}

int hostdev_steps_write(HostdevSteps *steps, const char *dir, const char *name, const char *value)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    g_debug("write '%s' to %s", value, path); /* virt-ccw detach --verbose shows it */
    return steps->host->ops->attr_write(path, value, steps->host->ops_data);
}

int hostdev_steps_write_driver(HostdevSteps *steps, const char *driver, const char *name)
{
    g_autofree char *dir = css_host_path(steps->host, "bus/css/drivers/%s", driver);

    return hostdev_steps_write(steps, dir, name, steps->subchannel);
}

gboolean hostdev_steps_driver_is(HostdevSteps *steps, const char *driver)
{
    g_autofree char *now = css_sysfs_link_name(steps->css_dir, "driver");

    return g_strcmp0(now, driver) == 0;
}

gboolean hostdev_steps_attr_is(const char *dir, const char *name, const char *value)
{
    g_autofree char *now = css_sysfs_attr(dir, name);

    return g_strcmp0(now, value) == 0;
}

gboolean hostdev_steps_check_device(HostdevSteps *steps, GError **error)
{
    g_autofree char *now = css_sysfs_attr(steps->css_dir, "dev_busid");

    if (g_strcmp0(now, steps->has_now) == 0)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "cannot continue with ccw device %s: subchannel %s now has device %s", steps->device, steps->subchannel,
                now ? now : "none");
    return FALSE;
}

/* --- online --- */

typedef struct {
    HostdevSteps *steps;
    const char *value;
    int errnum;
} OnlineWrite;

/*
 * Returns FALSE if another try may succeed: the kernel has not recognised the ccw device yet (ENOENT), the device has
 * no driver yet (EINVAL), another process sets it online or offline (EAGAIN), or udev has it open (EBUSY). The kernel
 * also answers EINVAL if the attribute has the value already.
 */
static gboolean try_online(gpointer data)
{
    OnlineWrite *online = data;

    if (hostdev_steps_attr_is(online->steps->ccw_dir, "online", online->value)) {
        online->errnum = 0;
        return TRUE;
    }
    online->errnum = hostdev_steps_write(online->steps, online->steps->ccw_dir, "online", online->value);
    if (online->errnum == EBUSY)
        return !css_in_use_is_momentary(online->steps->host, &online->steps->record->device);
    return online->errnum != ENOENT && online->errnum != EINVAL && online->errnum != EAGAIN;
}

static gboolean check_state(HostdevSteps *steps, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(steps->host, &steps->record->device, NULL);

    return !device || css_state_check(steps->host, device, error);
}

gboolean hostdev_steps_set_online(HostdevSteps *steps, gboolean value, GError **error)
{
    OnlineWrite online = { .steps = steps, .value = value ? "1" : "0" };

    css_wait_until(try_online, &online, steps->host->kernel_timeout_ms);
    if (!online.errnum)
        return TRUE;
    if (online.errnum == EBUSY && !value)
        return css_in_use_explain(steps->host, &steps->record->device, error);
    if (!check_state(steps, error)) /* it has no path (ENOENT) or is boxed (ENODEV) */
        return FALSE;
    ccw_error_set_errno(error, online.errnum, "cannot set ccw device %s %s", steps->device,
                        value ? "online" : "offline");
    return FALSE;
}

gboolean hostdev_steps_unbind(HostdevSteps *steps, const char *driver, GError **error)
{
    int errnum = hostdev_steps_write_driver(steps, driver, "unbind");

    if (!errnum || !hostdev_steps_driver_is(steps, driver)) /* ENODEV: it was already unbound */
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot unbind subchannel %s of ccw device %s from %s", steps->subchannel,
                        steps->device, driver);
    return FALSE;
}

gboolean hostdev_steps_bind(HostdevSteps *steps, const char *driver, GError **error)
{
    int errnum = hostdev_steps_write_driver(steps, driver, "bind");

    if (!errnum || hostdev_steps_driver_is(steps, driver)) /* EBUSY: the kernel has bound it already */
        return TRUE;
    if (errnum == ENOENT)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "cannot bind subchannel %s of ccw device %s: the kernel has no driver %s", steps->subchannel,
                    steps->device, driver);
    else
        ccw_error_set_errno(error, errnum, "cannot bind subchannel %s of ccw device %s to %s", steps->subchannel,
                            steps->device, driver);
    return FALSE;
}
