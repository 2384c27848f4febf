/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/export.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "conf/uuid.h"
#include "css/device.h"
#include "css/host-private.h"
#include "css/in-use.h"
#include "css/state.h"
#include "css/sysfs.h"
#include "util/error.h"
#include "util/file.h"

#define MDEVCTL_DIR "mdevctl.d"
#define RULE "udev/rules.d/61-libvirt-ccw-%s.rules" /* after mdevctl's rules, which have 60 */

void nodedev_export_file_free(NodedevExportFile *file)
{
    g_free(file->path);
    g_free(file->text);
    g_free(file);
}

static void add_file(GPtrArray *files, char *path, char *text)
{
    NodedevExportFile *file = g_new0(NodedevExportFile, 1);

    file->path = path;
    file->text = text;
    g_ptr_array_add(files, file);
}

/* Makes the same text as mdevctl 1.2, to the byte. mdevctl does not need that, but administrators may compare files. */
static char *definition(gboolean at_boot)
{
    return g_strdup_printf("{\n  \"mdev_type\": \"" CONF_MDEV_TYPE "\",\n  \"start\": \"%s\",\n  \"attrs\": []\n}",
                           at_boot ? "auto" : "manual");
}

/*
 * Makes the commands of the rule. udev replaces %k with the subchannel that has the device then. The commands stop if
 * the host uses the device, so that it does not go offline. mdevctl knows only one parent, whose number another
 * subchannel may have by then: the last command makes the mdev without mdevctl.
 */
static char *commands(const char *device, const char *uuid, gboolean at_boot)
{
    g_autofree char *bind =
        g_strdup_printf("d=/sys/bus/css/devices/%%k/%s/online; if grep -qs 1 $$d; then echo 0 > $$d || exit 1; fi; "
                        "echo %%k > /sys/bus/css/drivers/io_subchannel/unbind; "
                        "echo %%k > /sys/bus/css/drivers/vfio_ccw/bind",
                        device);

    if (!at_boot)
        return g_steal_pointer(&bind);
    return g_strdup_printf("%s; mdevctl start-parent-mdevs %%k; test -e /sys/bus/mdev/devices/%s || echo %s > "
                           "/sys/bus/css/devices/%%k/mdev_supported_types/" CONF_MDEV_TYPE "/create",
                           bind, uuid, uuid);
}

static char *rule(const char *device, const char *uuid, gboolean at_boot)
{
    g_autofree char *shell = commands(device, uuid, at_boot);

    return g_strdup_printf(
        "# Made by 'virt-ccw export': ccw device %s is for guests, as mediated device\n# %s. Remove this file and the "
        "definition of that name\n# in %s to release it to this machine at the next boot.\nACTION==\"add\", "
        "SUBSYSTEM==\"css\", ATTR{dev_busid}==\"%s\", ATTR{driver_override}=\"vfio_ccw\", RUN{builtin}+=\"kmod load "
        "vfio_iommu_type1\", RUN{builtin}+=\"kmod load vfio_ccw\", RUN+=\"/bin/sh -c '%s'\"\n",
        device, uuid, MDEVCTL_DIR, device, shell);
}

gboolean nodedev_export_device(CssHost *host, const CcwBusId *id, gboolean at_boot, GPtrArray *files, GError **error)
{
    g_autoptr(CssDevice) device = css_host_lookup(host, id, error);
    g_auto(CssDiskFd) disk_fd = -1;
    char buf[CCW_BUS_ID_STR_LEN], sub[CCW_BUS_ID_STR_LEN], uuid[CONF_UUID_STR_LEN];

    if (!device || !css_state_check(host, device, error) || !css_in_use_check(host, device, &disk_fd, error))
        return FALSE;
    ccw_bus_id_format(id, buf);
    ccw_bus_id_format(&device->subchannel, sub);
    conf_uuid_encode(id, uuid);
    add_file(files, g_build_filename(MDEVCTL_DIR, sub, uuid, NULL), definition(at_boot));
    add_file(files, g_strdup_printf(RULE, buf), rule(buf, uuid, at_boot));
    return TRUE;
}

/* Ignores the last newline: some editors add one, and mdevctl does not. */
static gboolean is_same(char *one, const char *two)
{
    g_autofree char *copy = g_strdup(two);

    return strcmp(g_strchomp(one), g_strchomp(copy)) == 0;
}

/* Checks that the file may be written. *ret_write: it does not exist yet. */
static gboolean check_file(const char *dir, const NodedevExportFile *file, gboolean *ret_write, GError **error)
{
    g_autofree char *path = g_build_filename(dir, file->path, NULL);
    g_autofree char *text = NULL;
    g_autoptr(GError) read_error = NULL;

    *ret_write = !g_file_get_contents(path, &text, NULL, &read_error);
    if (*ret_write && !g_error_matches(read_error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot read %s: %s", path, read_error->message);
        return FALSE;
    }
    if (*ret_write || is_same(text, file->text))
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY, "%s exists with other content: remove it first", path);
    return FALSE;
}

/* Finds a definition of the device below another parent: the subchannel's number may have changed since an export. */
static gboolean check_parents(const char *dir, const NodedevExportFile *file, GError **error)
{
    g_auto(GStrv) components = g_strsplit(file->path, "/", -1);
    g_autofree char *definitions = g_build_filename(dir, MDEVCTL_DIR, NULL);
    g_autoptr(GPtrArray) parents = NULL;

    if (strcmp(components[0], MDEVCTL_DIR) != 0)
        return TRUE;
    parents = css_sysfs_dirs(definitions);
    for (guint i = 0; i < parents->len; i++) {
        g_autofree char *path = g_build_filename(definitions, parents->pdata[i], components[2], NULL);

        if (strcmp(parents->pdata[i], components[1]) == 0 || !g_file_test(path, G_FILE_TEST_EXISTS))
            continue;
        g_set_error(error, CCW_ERROR, CCW_ERROR_BUSY,
                    "%s defines this device for another subchannel than %s, which has it now: remove it first", path,
                    components[1]);
        return FALSE;
    }
    return TRUE;
}

static gboolean write_file(const char *dir, const NodedevExportFile *file, GError **error)
{
    g_autofree char *path = g_build_filename(dir, file->path, NULL);
    g_autofree char *folder = g_path_get_dirname(path);

    if (g_mkdir_with_parents(folder, 0755) < 0) {
        ccw_error_set_errno(error, errno, "cannot create %s", folder);
        return FALSE;
    }
    return ccw_file_replace(path, file->text, strlen(file->text), 0644, error);
}

gboolean nodedev_export_write(const char *dir, const GPtrArray *files, GError **error)
{
    g_autofree gboolean *writes = g_new0(gboolean, files->len + 1);

    for (guint i = 0; i < files->len; i++)
        if (!check_parents(dir, files->pdata[i], error) || !check_file(dir, files->pdata[i], &writes[i], error))
            return FALSE;
    for (guint i = 0; i < files->len; i++)
        if (writes[i] && !write_file(dir, files->pdata[i], error))
            return FALSE;
    return TRUE;
}
