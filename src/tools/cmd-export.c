/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw export: prints or writes the files that make devices ready for guests at boot without libvirt-ccw. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd-table.h"
#include "commands.h"
#include "conf/conf.h"
#include "css/device.h"
#include "node_device/dumpxml.h"
#include "node_device/export.h"
#include "util/error.h"

#define ETC "/etc"

static struct {
    char *domain, *uri, *xml, *output, *sysfs_root, *proc_root;
    gboolean is_manual;
} given;

/* Finds a domain's devices with managed='yes'. An administrator makes the others ready. */
static GArray *managed_devices(GError **error)
{
    g_autofree char *xml =
        given.domain ? nodedev_dumpxml(given.uri, given.domain, error) : cmd_read_input(given.xml, CONF_XML_MAX, error);
    g_autoptr(GArray) all = xml ? conf_collect(xml, NULL, error) : NULL;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    if (!all)
        return NULL;
    for (guint i = 0; i < all->len; i++)
        if (g_array_index(all, ConfHostdev, i).managed)
            g_array_append_val(ids, g_array_index(all, ConfHostdev, i).source);
    if (ids->len)
        return g_steal_pointer(&ids);
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s%s has no ccw device with managed='yes'",
                given.domain ? "domain " : "", given.domain ? given.domain : given.xml);
    return NULL;
}

static GArray *named_devices(CssHost *host, char **names, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    for (gsize i = 0; names[i]; i++) {
        g_autoptr(CssDevice) device = cmd_find_device(host, names[i], error);

        if (!device)
            return NULL;
        g_array_append_val(ids, device->bus_id);
    }
    return g_steal_pointer(&ids);
}

static GPtrArray *files_of(CssHost *host, const GArray *ids, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)nodedev_export_file_free);

    for (guint i = 0; i < ids->len; i++)
        if (!nodedev_export_device(host, &g_array_index(ids, CcwBusId, i), !given.is_manual, files, error))
            return NULL;
    return g_steal_pointer(&files);
}

static void print_files(const char *dir, const GPtrArray *files, gboolean with_text)
{
    for (guint i = 0; i < files->len; i++) {
        const NodedevExportFile *file = files->pdata[i];

        if (with_text)
            printf("# %s/%s\n%s%s\n", dir, file->path, file->text, g_str_has_suffix(file->text, "\n") ? "" : "\n");
        else
            printf("%s/%s\n", dir, file->path);
    }
}

static void print_hint(void)
{
    if (cmd_is_quiet || !isatty(STDOUT_FILENO))
        return;
    if (!given.output)
        printf("'virt-ccw export --output %s ...' writes these files.\n", ETC);
    else if (strcmp(given.output, ETC) == 0)
        printf("\nudev makes the devices ready at the next boot. To do it now, run 'udevadm control --reload' and "
               "'udevadm trigger --action=add --subsystem-match=css'.\n");
}

/* Checks all files, then writes them: a signal does not come between two of them. */
static gboolean write_files(const GPtrArray *files, GError **error)
{
    gboolean done;

    if (!given.output)
        return TRUE;
    cmd_block_signals();
    done = nodedev_export_write(given.output, files, error);
    cmd_unblock_signals();
    return done;
}

static int export(char **names)
{
    g_autoptr(CssHost) host = css_host_new(given.sysfs_root ? given.sysfs_root : CSS_HOST_SYSFS,
                                           given.proc_root ? given.proc_root : "/proc", CSS_HOST_RUN_DIR);
    GError *error = NULL;
    g_autoptr(GArray) ids = names[0] ? named_devices(host, names, &error) : managed_devices(&error);
    g_autoptr(GPtrArray) files = ids ? files_of(host, ids, &error) : NULL;

    if (!files || !write_files(files, &error))
        return cmd_fail(error);
    print_files(given.output ? given.output : ETC, files, !given.output);
    print_hint();
    return CMD_OK;
}

static const GOptionEntry options[] = {
    { "domain", 'd', 0, G_OPTION_ARG_STRING, &given.domain, "Export the managed devices of this domain", "DOMAIN" },
    { "connect", 'c', 0, G_OPTION_ARG_STRING, &given.uri, "Ask the libvirt at URI for the domain", "URI" },
    { "xml", 'x', 0, G_OPTION_ARG_FILENAME, &given.xml, "Export the managed devices of a domain or hostdev XML",
      "FILE" },
    { "manual", 'm', 0, G_OPTION_ARG_NONE, &given.is_manual,
      "Do not start the mediated devices at boot ('mdevctl start' does)", NULL },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &given.output, "Write the files to DIR in place of " ETC, "DIR" },
    { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &given.sysfs_root, "Take DIR for /sys", "DIR" },
    { "proc-root", 0, 0, G_OPTION_ARG_FILENAME, &given.proc_root, "Take DIR for /proc", "DIR" },
    G_OPTION_ENTRY_NULL,
};

static int run(int argc, char **argv)
{
    if ((argc > 1) + (given.domain != NULL) + (given.xml != NULL) != 1)
        return cmd_usage("give one of --domain DOMAIN, --xml FILE, or devices");
    umask(022); /* udev and mdevctl read the files */
    return export(argv + 1);
}

const CmdCommand cmd_export = {
    .name = "export",
    .summary = "make devices ready for guests without libvirt-ccw",
    .description = "Prints or writes the files that make devices ready for guests at boot without libvirt-ccw: a "
                   "definition for mdevctl and a rule for udev for each device.",
    .arguments = "[DEVICE...]",
    .options = options,
    .func = run,
};
