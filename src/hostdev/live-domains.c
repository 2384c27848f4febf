/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostdev/live-domains.h"

#include <libvirt/virterror.h>
#include <signal.h>

#include "util/error.h"
#include "util/log.h"

/* One domain that libvirt lists as running. */
typedef struct {
    virDomainPtr domain;
    const char *name;
    char uuid[VIR_UUID_STRING_BUFLEN];
} Listed;

static gboolean set_libvirt_error(const char *failure, GError **error)
{
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s: %s", failure, virGetLastErrorMessage());
    return FALSE;
}

/*
 * Clients choose a domain's metadata, and libvirt sends no XML of more than 4 MiB. Such a domain must not stop virtccwd
 * from releasing the devices of other domains.
 */
static void add_unknown(HostdevLive *live, const Listed *listed, const char *why)
{
    static CcwLogLimit limit;

    hostdev_live_add_unknown(live, listed->uuid);
    ccw_log_limited(
        &limit, G_LOG_LEVEL_WARNING,
        "cannot read the XML of domain %s: %s; devices that the journal names as this domain's stay with it",
        listed->name, why);
}

static void add_xml(HostdevLive *live, const Listed *listed, const char *xml)
{
    g_autoptr(GError) error = NULL;

    if (!hostdev_live_add(live, listed->uuid, listed->name, xml, &error))
        add_unknown(live, listed, error->message);
}

/* A domain that has stopped since libvirt made the list has no devices. Returns FALSE if the connection is lost. */
static gboolean add_domain(HostdevLive *live, virConnectPtr conn, const Listed *listed, GError **error)
{
    char *xml = virDomainGetXMLDesc(listed->domain, 0);
    g_autoptr(GError) why = NULL;

    if (xml) {
        add_xml(live, listed, xml);
        free(xml);
        return TRUE;
    }
    if (virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
        return TRUE;
    set_libvirt_error("libvirt does not send it", &why); /* saves the message from the next call to libvirt */
    if (virConnectIsAlive(conn) != 1) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    add_unknown(live, listed, why->message);
    return TRUE;
}

/*
 * Waits for the end of an attach. libvirt sends the XML at once, even in the middle of an attach, when QEMU may have
 * the device already. It answers this query only after the attach: the query is a job of the domain, but needs no
 * answer from QEMU. Returns FALSE if the domain stays busy for too long.
 */
static gboolean wait_for_attach(virDomainPtr domain)
{
    virTypedParameterPtr params = NULL;
    int count = 0;
    int rc = virDomainGetPerfEvents(domain, &params, &count, VIR_DOMAIN_AFFECT_CURRENT);

    virTypedParamsFree(params, count);
    return rc == 0 || virGetLastErrorCode() != VIR_ERR_OPERATION_TIMEOUT;
}

/*
 * libvirt may continue an attach after the process that claimed the device has died. The wait ends at the first domain
 * that stays busy: libvirt gives up after 30 seconds, for each domain.
 */
static void wait_for_attaches(HostdevLive *live, virDomainPtr *domains, int count)
{
    for (int i = 0; i < count; i++) {
        if (!wait_for_attach(domains[i])) {
            hostdev_live_keep_stale(live);
            return;
        }
    }
}

static gboolean add_all(HostdevLive *live, virConnectPtr conn, virDomainPtr *domains, int count, GError **error)
{
    for (int i = 0; i < count; i++) {
        Listed listed = { .domain = domains[i], .name = virDomainGetName(domains[i]) };

        if (virDomainGetUUIDString(domains[i], listed.uuid) < 0)
            return set_libvirt_error("libvirt does not name a domain's UUID", error);
        if (!add_domain(live, conn, &listed, error))
            return FALSE;
    }
    return TRUE;
}

HostdevLive *hostdev_query_domains(virConnectPtr conn, HostdevManager *manager, GError **error)
{
    g_autoptr(HostdevLive) live = hostdev_live_new(manager);
    gboolean has_stale = hostdev_manager_has_stale(manager);
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    gboolean done;

    if (count < 0) {
        set_libvirt_error("libvirt does not list the running domains", error);
        return NULL;
    }
    if (has_stale)
        wait_for_attaches(live, domains, count);
    done = add_all(live, conn, domains, count, error);
    for (int i = 0; i < count; i++)
        virDomainFree(domains[i]);
    free(domains);
    return done ? g_steal_pointer(&live) : NULL;
}

static void keep_quiet(void *data G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

/*
 * libvirt's client library sends with write(2) (src/rpc/virnetsocket.c) and leaves SIGPIPE to the program. The signal
 * would kill this process if libvirtd ends just before a request.
 */
void hostdev_libvirt_prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
    virSetErrorFunc(NULL, keep_quiet);
}
