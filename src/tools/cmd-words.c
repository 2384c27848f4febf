/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd-words.h"

#include <libvirt/libvirt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd-words-image.h"
#include "css/device.h"
#include "dasd/dasd-ckd.h"
#include "hostdev/live-domains.h"
#include "lab/lab-record.h"
#include "trace/trace-find.h"

static void add_devices(const CmdWord *word)
{
    g_autoptr(CssHost) host = css_host_new(cmd_complete_option(word, "sysfs-root", '\0', CSS_HOST_SYSFS), "/proc",
                                           cmd_complete_option(word, "run-dir", '\0', CSS_HOST_RUN_DIR));
    g_autoptr(GPtrArray) devices = css_host_list(host, NULL);

    for (guint i = 0; devices && i < devices->len; i++) {
        const CssDevice *device = devices->pdata[i];
        g_autofree char *bus_id = ccw_bus_id_to_string(&device->bus_id);
        g_autofree char *text = g_strdup_printf("%s%s%s",
                                                device->devtype  ? device->devtype
                                                : device->driver ? device->driver
                                                                 : "",
                                                device->block ? " " : "", device->block ? device->block : "");

        if (!g_strv_contains((const char *const *)word->before, bus_id))
            cmd_complete_add(word, bus_id, text);
    }
}

/* Returns: whether a URI names another host, as qemu+ssh://HOST/system does; qemu:///system does not. */
static gboolean has_host(const char *uri)
{
    return uri && strstr(uri, "://") && !strstr(uri, ":///");
}

/* Asks libvirt for its domains, unless it is on another host: a shell waits for the answer. */
static void add_domains(const CmdWord *word)
{
    const char *uri = cmd_complete_option(word, "connect", 'c', NULL);
    virConnectPtr conn;
    virDomainPtr *domains = NULL;
    int n;

    hostdev_libvirt_prepare();
    conn = has_host(uri) ? NULL : virConnectOpenReadOnly(uri);
    n = conn ? virConnectListAllDomains(conn, &domains, 0) : 0;
    for (int i = 0; i < n; i++) {
        cmd_complete_add(word, virDomainGetName(domains[i]),
                         virDomainIsActive(domains[i]) == 1 ? "running" : "shut off");
        virDomainFree(domains[i]);
    }
    free(domains);
    if (conn)
        virConnectClose(conn);
}

static void add_qemus(const CmdWord *word)
{
    g_autoptr(GArray) pids = trace_find_qemus(NULL, NULL);

    for (guint i = 0; pids && i < pids->len; i++) {
        pid_t pid = g_array_index(pids, pid_t, i);
        g_autofree char *text = g_strdup_printf("%d", (int)pid);
        g_autofree char *guest = trace_find_name_of(pid);

        cmd_complete_add(word, text, guest);
    }
}

static void add_models(const CmdWord *word)
{
    g_autofree char *names = dasd_model_names();
    g_auto(GStrv) models = g_strsplit(names, ", ", -1);

    for (char **name = models; *name; name++) {
        g_autofree char *text = g_strdup_printf("%u cylinders", dasd_model_by_name(*name)->cylinders);

        cmd_complete_add(word, *name, text);
    }
}

static void add_labs(const CmdWord *word)
{
    g_autoptr(GPtrArray) records = lab_record_list(NULL);

    for (guint i = 0; records && i < records->len; i++) {
        const LabRecord *record = records->pdata[i];

        if (record->state != LAB_RECORD_DIED && !g_strv_contains((const char *const *)word->before, record->name))
            cmd_complete_add(word, record->name, record->uri);
    }
}

const CmdKind cmd_words[] = {
    { "BUSID", "words", cmd_add_new_bus_id },
    { "DEVICE", "words", add_devices },
    { "DOMAIN", "words", add_domains },
    { "IMAGE", "words", cmd_add_images },
    { "LAB", "words", add_labs },
    { "MODEL", "words", add_models },
    { "NAME", "words", NULL },
    { "PID", "words", add_qemus },
    { NULL, NULL, NULL },
};
