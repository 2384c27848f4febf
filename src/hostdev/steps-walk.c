/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/steps-walk.h"

#include <errno.h>
#include <string.h>

#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "css/wait.h"
#include "util/error.h"

void ccw_walk_init(CcwWalk *walk, CcwHost *host, CcwRecord *record, const CcwBusId *subchannel)
{
    walk->host = host;
    walk->record = record;
    walk->held = -1;
    ccw_bus_id_format(&record->device, walk->device);
    ccw_bus_id_format(subchannel, walk->subchannel);
    ccw_uuid_encode(&record->device, walk->uuid);
    walk->css_dir = ccw_host_path(host, "bus/css/devices/%s", walk->subchannel);
    walk->has_now = ccw_sysfs_attr(walk->css_dir, "dev_busid");
    walk->ccw_dir = ccw_host_path(host, "bus/ccw/devices/%s", walk->device);
}

void ccw_walk_clear(CcwWalk *walk)
{
    g_free(walk->css_dir);
    g_free(walk->has_now);
    g_free(walk->ccw_dir);
}

int ccw_walk_write(CcwWalk *walk, const char *dir, const char *name, const char *value)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);

    return walk->host->ops->attr_write(path, value, walk->host->ops_data);
}

int ccw_walk_write_driver(CcwWalk *walk, const char *driver, const char *name)
{
    g_autofree char *dir = ccw_host_path(walk->host, "bus/css/drivers/%s", driver);

    return ccw_walk_write(walk, dir, name, walk->subchannel);
}

gboolean ccw_walk_driver_is(CcwWalk *walk, const char *driver)
{
    g_autofree char *now = ccw_sysfs_link_name(walk->css_dir, "driver");

    return g_strcmp0(now, driver) == 0;
}

gboolean ccw_walk_attr_is(const char *dir, const char *name, const char *value)
{
    g_autofree char *now = ccw_sysfs_attr(dir, name);

    return g_strcmp0(now, value) == 0;
}

/*
 * Whether the subchannel has the device that it had when the walk began. A write names a subchannel by its number, and
 * the machine may change behind it (z/VM's DETACH and ATTACH): then the write would meet another device, which may be
 * mounted. The kernel has no way to make this look and the write one.
 */
gboolean ccw_walk_check_device(CcwWalk *walk, GError **error)
{
    g_autofree char *now = ccw_sysfs_attr(walk->css_dir, "dev_busid");

    if (g_strcmp0(now, walk->has_now) == 0)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                "cannot go on with ccw device %s: the machine changed, subchannel %s has device %s now", walk->device,
                walk->subchannel, now ? now : "none");
    return FALSE;
}

/* --- online: written until the kernel is ready for it --- */

typedef struct {
    CcwWalk *walk;
    const char *value;
    int errnum;
} OnlineWrite;

/*
 * TRUE when there is nothing more to try: it is done, or failed for good. Not ready yet are: the ccw device not
 * recognised (ENOENT), without its driver (EINVAL), being set by another process (EAGAIN), or looked at by udev
 * (EBUSY). EINVAL is also the answer to the value it has already.
 */
static gboolean try_online(gpointer data)
{
    OnlineWrite *online = data;

    if (ccw_walk_attr_is(online->walk->ccw_dir, "online", online->value)) {
        online->errnum = 0;
        return TRUE;
    }
    online->errnum = ccw_walk_write(online->walk, online->walk->ccw_dir, "online", online->value);
    if (online->errnum == EBUSY)
        return !ccw_in_use_is_momentary(online->walk->host, &online->walk->record->device);
    return online->errnum != ENOENT && online->errnum != EINVAL && online->errnum != EAGAIN;
}

static gboolean is_fit(CcwWalk *walk, GError **error)
{
    g_autoptr(CcwHostDevice) device = ccw_host_lookup(walk->host, &walk->record->device, NULL);

    return !device || ccw_state_check(walk->host, device, error);
}

gboolean ccw_walk_set_online(CcwWalk *walk, gboolean value, GError **error)
{
    OnlineWrite online = { .walk = walk, .value = value ? "1" : "0" };

    ccw_wait_until(try_online, &online, walk->host->settle_ms);
    if (!online.errnum)
        return TRUE;
    if (online.errnum == EBUSY && !value)
        return ccw_in_use_explain(walk->host, &walk->record->device, error);
    if (!is_fit(walk, error)) /* not recognised for want of a path (ENOENT), boxed (ENODEV) */
        return FALSE;
    ccw_error_set_errno(error, online.errnum, "cannot set ccw device %s %s", walk->device,
                        value ? "online" : "offline");
    return FALSE;
}

gboolean ccw_walk_unbind(CcwWalk *walk, const char *driver, GError **error)
{
    int errnum = ccw_walk_write_driver(walk, driver, "unbind");

    if (!errnum || !ccw_walk_driver_is(walk, driver)) /* ENODEV: it was not bound any more */
        return TRUE;
    ccw_error_set_errno(error, errnum, "cannot unbind subchannel %s of ccw device %s from %s", walk->subchannel,
                        walk->device, driver);
    return FALSE;
}

gboolean ccw_walk_bind(CcwWalk *walk, const char *driver, GError **error)
{
    int errnum = ccw_walk_write_driver(walk, driver, "bind");

    if (!errnum || ccw_walk_driver_is(walk, driver)) /* EBUSY: it was bound already, by a probe of its own */
        return TRUE;
    if (errnum == ENOENT)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "cannot bind subchannel %s of ccw device %s: the kernel has no driver %s", walk->subchannel,
                    walk->device, driver);
    else
        ccw_error_set_errno(error, errnum, "cannot bind subchannel %s of ccw device %s to %s", walk->subchannel,
                            walk->device, driver);
    return FALSE;
}
