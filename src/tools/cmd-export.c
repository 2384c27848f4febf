/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* virt-ccw export: what makes a domain's devices ready without libvirt-ccw. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "conf/conf.h"
#include "css/device.h"
#include "node_device/dumpxml.h"
#include "node_device/export.h"
#include "util/error.h"

#define ETC "/etc"

typedef struct {
    char *domain, *uri, *xml, *output, *sysfs_root, *proc_root;
    gboolean manual;
} Options;

/* Those that libvirt-ccw would make ready; an administrator makes the others ready. */
static GArray *managed_devices(const Options *options, GError **error)
{
    g_autofree char *xml = options->domain ? ccw_dumpxml(options->uri, options->domain, error)
                                           : cmd_read_input(options->xml, CCW_CONF_XML_MAX, error);
    g_autoptr(GArray) all = xml ? ccw_conf_collect(xml, NULL, error) : NULL;
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    if (!all)
        return NULL;
    for (guint i = 0; i < all->len; i++)
        if (g_array_index(all, CcwHostdev, i).managed)
            g_array_append_val(ids, g_array_index(all, CcwHostdev, i).source);
    if (ids->len)
        return g_steal_pointer(&ids);
    g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "%s%s has no ccw device with managed='yes'",
                options->domain ? "domain " : "", options->domain ? options->domain : options->xml);
    return NULL;
}

static GArray *named_devices(CcwHost *host, char **names, GError **error)
{
    g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));

    for (gsize i = 0; names[i]; i++) {
        g_autoptr(CcwHostDevice) device = cmd_find_device(host, names[i], error);

        if (!device)
            return NULL;
        g_array_append_val(ids, device->bus_id);
    }
    return g_steal_pointer(&ids);
}

static GPtrArray *files_of(CcwHost *host, const Options *options, const GArray *ids, GError **error)
{
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func((GDestroyNotify)ccw_export_file_free);

    for (guint i = 0; i < ids->len; i++)
        if (!ccw_export_device(host, &g_array_index(ids, CcwBusId, i), !options->manual, files, error))
            return NULL;
    return g_steal_pointer(&files);
}

static void print_files(const char *dir, const GPtrArray *files, gboolean with_text)
{
    for (guint i = 0; i < files->len; i++) {
        const CcwExportFile *file = files->pdata[i];

        if (with_text)
            printf("# %s/%s\n%s%s\n", dir, file->path, file->text, g_str_has_suffix(file->text, "\n") ? "" : "\n");
        else
            printf("%s/%s\n", dir, file->path);
    }
}

static void hint(const Options *options)
{
    if (!isatty(STDOUT_FILENO))
        return;
    if (!options->output)
        printf("'virt-ccw export --output %s ...' writes these files.\n", ETC);
    else if (strcmp(options->output, ETC) == 0)
        printf("\nThe devices are taken at the next boot; now by 'udevadm control --reload' and "
               "'udevadm trigger --action=add --subsystem-match=css'.\n");
}

static int export(const Options *options, char **names)
{
    g_autoptr(CcwHost) host = ccw_host_new(options->sysfs_root ? options->sysfs_root : CCW_HOST_SYSFS,
                                           options->proc_root ? options->proc_root : "/proc", CCW_HOST_RUN_DIR);
    GError *error = NULL;
    g_autoptr(GArray) ids = names[0] ? named_devices(host, names, &error) : managed_devices(options, &error);
    g_autoptr(GPtrArray) files = ids ? files_of(host, options, ids, &error) : NULL;

    if (!files || (options->output && !ccw_export_write(options->output, files, &error)))
        return cmd_fail(error);
    print_files(options->output ? options->output : ETC, files, !options->output);
    hint(options);
    return CMD_OK;
}

int cmd_export(int argc, char **argv)
{
    Options options = { 0 };
    const GOptionEntry entries[] = {
        { "domain", 'd', 0, G_OPTION_ARG_STRING, &options.domain, "The managed devices of this domain", "NAME" },
        { "connect", 'c', 0, G_OPTION_ARG_STRING, &options.uri, "Ask the libvirt at URI for it", "URI" },
        { "xml", 'x', 0, G_OPTION_ARG_FILENAME, &options.xml, "The managed devices of a domain or hostdev XML",
          "FILE" },
        { "manual", 'm', 0, G_OPTION_ARG_NONE, &options.manual,
          "Do not start the mediated devices at boot ('mdevctl start' does)", NULL },
        { "output", 'o', 0, G_OPTION_ARG_FILENAME, &options.output, "Write the files below DIR, which stands for " ETC,
          "DIR" },
        { "sysfs-root", 0, 0, G_OPTION_ARG_FILENAME, &options.sysfs_root, "Take DIR for /sys", "DIR" },
        { "proc-root", 0, 0, G_OPTION_ARG_FILENAME, &options.proc_root, "Take DIR for /proc", "DIR" },
        G_OPTION_ENTRY_NULL,
    };
    char **const texts[] = { &options.domain, &options.uri,        &options.xml,
                             &options.output, &options.sysfs_root, &options.proc_root };
    int rc = cmd_options("[DEVICE...]",
                         "Prints, or writes, what makes devices ready for guests at boot without libvirt-ccw: a "
                         "definition for mdevctl and a rule for udev each.",
                         entries, FALSE, &argc, &argv);

    if (rc < 0 && (argc > 1) + (options.domain != NULL) + (options.xml != NULL) != 1)
        rc = cmd_usage("give one of --domain NAME, --xml FILE, or devices");
    umask(022); /* udev and mdevctl read what is written */
    if (rc < 0)
        rc = export(&options, argv + 1);
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(*texts[i]);
    return rc;
}
