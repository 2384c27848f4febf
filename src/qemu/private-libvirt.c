/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/private-libvirt.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "qemu/temp-dir.h"
#include "util/error.h"
#include "util/libvirt-events.h"

struct _QemuPrivateLibvirt {
    QemuTempDir *root;
    CcwLibvirtEvents *events;
    virConnectPtr conn;
};

/* The folders below the root of qemu:///embed (libvirt's docs/drvqemu.rst), and those of the system in their place. */
static const struct {
    const char *below_root;
    const char *of_system;
} folders[] = {
    { "/lib", "/var/lib/libvirt" }, { "/cache", "/var/cache/libvirt" }, { "/log", "/var/log/libvirt" },
    { "/run", "/run/libvirt" },     { "/etc", "/etc/libvirt" },
};

/*
 * Sets the environment of libvirt. libvirt passes some variables to QEMU, so they are removed: the command line must be
 * that of a libvirtd that the system has started. For a user other than root, parts of libvirt keep state in the user's
 * folders, so these are below the root. libvirt's log goes to /dev/null, and not to stderr beside the error of this
 * file.
 */
static void set_environment(const char *root)
{
    static const char *const user_dirs[] = { "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR" };
    static const char *const passed_on[] = { "HOME", "USER", "LOGNAME", "TMPDIR", "LD_PRELOAD", "LD_LIBRARY_PATH" };

    for (gsize i = 0; i < G_N_ELEMENTS(passed_on); i++)
        g_unsetenv(passed_on[i]);
    for (gsize i = 0; i < G_N_ELEMENTS(user_dirs); i++)
        g_setenv(user_dirs[i], root, TRUE);
    g_setenv("LIBVIRT_LOG_OUTPUTS", "4:file:/dev/null", FALSE);
    g_setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", TRUE);
}

/* Keeps libvirt from printing errors. The functions here put them into a GError. */
static void discard_error(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

QemuPrivateLibvirt *qemu_private_libvirt_open(GError **error)
{
    g_autoptr(QemuPrivateLibvirt) driver = g_new0(QemuPrivateLibvirt, 1);
    g_autofree char *uri = NULL;

    driver->root = qemu_temp_dir_new(error);
    if (!driver->root)
        return NULL;
    set_environment(qemu_temp_dir_path(driver->root));
    virSetErrorFunc(NULL, discard_error);
    if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt: %s", virGetLastErrorMessage());
        return NULL;
    }
    driver->events = ccw_libvirt_events_start(error);
    if (!driver->events)
        return NULL;
    uri = g_strdup_printf("qemu:///embed?root=%s", qemu_temp_dir_path(driver->root));
    driver->conn = virConnectOpen(uri);
    if (!driver->conn) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "cannot start libvirt's QEMU driver (qemu:///embed): %s",
                    virGetLastErrorMessage());
        return NULL;
    }
    return g_steal_pointer(&driver);
}

void qemu_private_libvirt_free(QemuPrivateLibvirt *driver)
{
    if (!driver)
        return;
    if (driver->conn)
        virConnectClose(driver->conn);
    if (driver->events)
        ccw_libvirt_events_stop(driver->events, G_MAXINT64);
    qemu_temp_dir_free(driver->root);
    g_free(driver);
}

/* Replaces every folder of the root by the system's folder. */
static char *replace_root(const char *root, const char *line)
{
    GString *text = g_string_new(line);

    for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *from = g_strconcat(root, folders[i].below_root, "/", NULL);
        g_autofree char *to = g_strconcat(folders[i].of_system, "/", NULL);

        g_string_replace(text, from, to, 0);
    }
    return g_string_free(text, FALSE);
}

char *qemu_private_libvirt_native(QemuPrivateLibvirt *driver, const char *stock_xml, GError **error)
{
    char *line = virConnectDomainXMLToNative(driver->conn, "qemu-argv", stock_xml, 0);
    char *replaced;

    if (!line) {
        g_autofree char *message = conf_raise_text(virGetLastErrorMessage());

        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "libvirt: %s", message);
        return NULL;
    }
    replaced = replace_root(qemu_temp_dir_path(driver->root), line);
    free(line);
    return replaced;
}
