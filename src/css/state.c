/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "css/state.h"

#include <stdio.h>
#include <string.h>

#include "css/device.h"
#include "css/host-private.h"
#include "css/missing.h"
#include "css/sysfs.h"
#include "util/error.h"

#define PATHS_MAX 8

typedef struct {
    CssHost *host;
    const CssDevice *device;
    char name[CCW_BUS_ID_STR_LEN];
} State;

/* --- channel paths --- */

/* Reads the masks "80 80 ff": installed, available, operational. Returns FALSE if they are missing or malformed. */
static gboolean read_masks(const State *state, guint *ret_pim, guint *ret_pam)
{
    const char *masks = state->device->paths;
    guint pom;

    return masks && sscanf(masks, "%2x %2x %2x", ret_pim, ret_pam, &pom) == 3;
}

/* One usable path is enough. */
static gboolean check_paths(const State *state, GError **error)
{
    g_auto(GStrv) chpids = g_strsplit(state->device->chpids ? state->device->chpids : "", " ", PATHS_MAX + 1);
    guint n = g_strv_length(chpids);
    g_autofree char *cure = NULL;
    guint pim, pam;

    if (!read_masks(state, &pim, &pam))
        return TRUE;
    for (guint i = 0; i < MIN(n, PATHS_MAX); i++) {
        char *path;

        if (!(pim & 0x80u >> i) || strlen(chpids[i]) != 2)
            continue;
        path = css_path_cure(state->host, state->device->bus_id.cssid, (guint)g_ascii_strtoull(chpids[i], NULL, 16));
        if (!path && pam & 0x80u >> i)
            return TRUE;
        if (!cure)
            cure = path;
        else
            g_free(path);
    }
    if (cure)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "ccw device %s has no channel path: %s first", state->name,
                    cure);
    else if (pim & pam)
        return TRUE;
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s has no channel path: none is both installed and available (pim %02x, pam %02x); see "
                    "lschp",
                    state->name, pim, pam);
    return FALSE;
}

/* --- availability (drivers/s390/cio/device.c) --- */

static gboolean check_availability(const State *state, GError **error)
{
    const char *availability = state->device->availability;

    if (g_strcmp0(availability, "boxed") == 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "ccw device %s is boxed: another system has reserved it; release it there, or take it over with "
                    "'echo force > /sys/bus/ccw/devices/%s/online'",
                    state->name, state->name);
    else if (g_strcmp0(availability, "no path") == 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s has no path: no channel path to it works; see lschp", state->name);
    else if (g_strcmp0(availability, "no device") == 0)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                    "ccw device %s is not operational: nothing answers at its device number any more", state->name);
    else
        return TRUE;
    return FALSE;
}

/* --- aliases (drivers/s390/block/dasd_devmap.c) --- */

/*
 * Finds the base device of an alias. A base has the uid "VENDOR.SERIAL.LSS.UA". An alias has the uid of its base, or
 * "xx" for UA if it serves the whole LSS (HyperPAV).
 */
static char *base_of(CssHost *host, const char *uid)
{
    g_autofree char *bus = css_host_path(host, "bus/ccw/devices");
    g_autoptr(GPtrArray) names = css_sysfs_names(bus);

    for (guint i = 0; i < names->len; i++) {
        g_autofree char *dir = g_build_filename(bus, names->pdata[i], NULL);
        g_autofree char *alias = css_sysfs_attr(dir, "alias");
        g_autofree char *other = css_sysfs_attr(dir, "uid");

        if (g_strcmp0(alias, "0") == 0 && other && strcmp(uid, other) == 0)
            return g_strdup(names->pdata[i]);
    }
    return NULL;
}

static gboolean check_alias(const State *state, GError **error)
{
    g_autofree char *dir = NULL;
    g_autofree char *uid = NULL;
    g_autofree char *base = NULL;

    if (!state->device->alias)
        return TRUE;
    dir = css_host_path(state->host, "bus/ccw/devices/%s", state->name);
    uid = css_sysfs_attr(dir, "uid");
    base = uid && *uid ? base_of(state->host, uid) : NULL;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "ccw device %s is a PAV alias%s%s, which has no storage of its own: a guest needs the base device %s",
                state->name, base ? " of " : "", base ? base : "", base ? base : "(alias 0 in lsdasd)");
    return FALSE;
}

/* --- queues (drivers/s390/scsi/zfcp_ccw.c, drivers/s390/net/qeth_core_main.c: the device ids) --- */

/*
 * Rejects a QDIO device: its channel programs only set up queues, which vfio_ccw does not support (its type is "I/O
 * subchannel (Non-QDIO)").
 */
static gboolean check_queues(const State *state, GError **error)
{
    const char *cutype = state->device->cutype;

    if (!cutype || !g_str_has_prefix(cutype, "1731/"))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "ccw device %s is a QDIO device (an %s), which vfio_ccw does not support: give the guest %s",
                state->name, g_str_has_prefix(cutype, "1731/03") ? "FCP channel" : "OSA or HiperSockets adapter",
                g_str_has_prefix(cutype, "1731/03") ? "the SCSI disks behind it" : "a network interface on it");
    return FALSE;
}

gboolean css_state_check(CssHost *host, const CssDevice *device, GError **error)
{
    static gboolean (*const checks[])(const State *state, GError **error) = {
        check_paths, /* first: a missing path is the cause of other failures */
        check_availability,
        check_alias,
        check_queues,
    };
    State state = { .host = host, .device = device };

    ccw_bus_id_format(&device->bus_id, state.name);
    for (gsize i = 0; i < G_N_ELEMENTS(checks); i++)
        if (!checks[i](&state, error))
            return FALSE;
    return TRUE;
}
