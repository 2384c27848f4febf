/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/calls/attach-host.h"

#include "util/error.h"

void remote_attach_host_init(RemoteAttachHost *host, HostdevManager *manager, const char *domain_uuid,
                             const GArray *hostdevs)
{
    *host = (RemoteAttachHost){ .manager = manager, .domain_uuid = g_strdup(domain_uuid) };
    host->ids = g_array_new(FALSE, FALSE, sizeof(CcwBusId));
    for (guint i = 0; i < hostdevs->len; i++)
        g_array_append_val(host->ids, g_array_index(hostdevs, ConfHostdev, i).source);
}

void remote_attach_host_clear(RemoteAttachHost *host)
{
    g_clear_pointer(&host->domain_uuid, g_free);
    g_clear_pointer(&host->ids, g_array_unref);
    g_clear_error(&host->modules_error);
    g_clear_error(&host->error);
}

const CcwBusId *remote_attach_host_first(const RemoteAttachHost *host)
{
    return &g_array_index(host->ids, CcwBusId, 0);
}

void remote_attach_host_announce(RemoteAttachHost *host)
{
    hostdev_manager_begin_attach(host->manager, host->ids);
}

void remote_attach_host_load(RemoteAttachHost *host)
{
    if (!host->is_loaded)
        hostdev_manager_load_modules(host->manager, &host->modules_error);
    host->is_loaded = TRUE;
}

/* If the claim failed because a module is missing, replaces the error by the one that names the module. */
static void name_module(RemoteAttachHost *host)
{
    if (!host->modules_error || !g_error_matches(host->error, CCW_ERROR, CCW_ERROR_UNSUPPORTED))
        return;
    g_clear_error(&host->error);
    host->error = g_error_copy(host->modules_error);
}

void remote_attach_host_claim(RemoteAttachHost *host, const ConfHostdev *missing)
{
    if (!missing->managed) {
        hostdev_manager_unmanaged_set_error(host->manager, &missing->source, &host->error);
        return;
    }
    remote_attach_host_load(host);
    hostdev_manager_claim(host->manager, &missing->source, host->domain_uuid, &host->error);
    name_module(host);
}

gboolean remote_attach_host_finish(RemoteAttachHost *host, HostdevAttachResult result)
{
    return hostdev_manager_end_attach(host->manager, host->domain_uuid, host->ids, result);
}
