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

static gboolean set_libvirt_error(const char *what, GError **error)
{
    const char *message = virGetLastErrorMessage();

    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "%s: %s", what, message ? message : "no reason is given");
    return FALSE;
}

/*
 * Clients choose a domain's metadata, and libvirt sends no XML of more than 4 MiB. One such domain must not keep
 * virtccwd from giving back the devices of others.
 */
static void add_unknown(CcwLive *live, const Listed *listed, const char *why)
{
    static CcwLogLimit limit;

    ccw_live_add_unknown(live, listed->uuid);
    ccw_log_limited(
        &limit, G_LOG_LEVEL_WARNING,
        "cannot read the XML of domain %s: %s; devices that the journal names as this domain's stay with it",
        listed->name, why);
}

static void add_xml(CcwLive *live, const Listed *listed, const char *xml)
{
    g_autoptr(GError) error = NULL;

    if (!ccw_live_add(live, listed->uuid, listed->name, xml, &error))
        add_unknown(live, listed, error->message);
}

/* A domain that has stopped since libvirt made the list has no devices. FALSE: the connection is lost. */
static gboolean add_domain(CcwLive *live, virConnectPtr conn, const Listed *listed, GError **error)
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
    set_libvirt_error("libvirt does not send it", &why); /* the next call forgets the message */
    if (virConnectIsAlive(conn) != 1) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    add_unknown(live, listed, why->message);
    return TRUE;
}

/*
 * libvirt sends the XML at once, also in the middle of an attach, in which QEMU may have the device already. libvirt
 * answers this question, which is a job of the domain and asks QEMU nothing, after the attach. FALSE: the domain has
 * been busy for too long.
 */
static gboolean let_attach_end(virDomainPtr domain)
{
    virTypedParameterPtr params = NULL;
    int count = 0;
    int rc = virDomainGetPerfEvents(domain, &params, &count, VIR_DOMAIN_AFFECT_CURRENT);

    virTypedParamsFree(params, count);
    return rc == 0 || virGetLastErrorCode() != VIR_ERR_OPERATION_TIMEOUT;
}

/*
 * After a claim whose process has died libvirt may go on with the attach. The first domain that stays busy ends the
 * wait for all of them: it takes libvirt 30 seconds to give up, for each.
 */
static void let_attaches_end(CcwLive *live, virDomainPtr *domains, int count)
{
    for (int i = 0; i < count; i++) {
        if (!let_attach_end(domains[i])) {
            ccw_live_keep_stale(live);
            return;
        }
    }
}

static gboolean add_all(CcwLive *live, virConnectPtr conn, virDomainPtr *domains, int count, GError **error)
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

CcwLive *ccw_look(virConnectPtr conn, CcwManager *manager, GError **error)
{
    g_autoptr(CcwLive) live = ccw_live_new(manager);
    gboolean stale = ccw_manager_has_stale(manager);
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    gboolean done;

    if (count < 0) {
        set_libvirt_error("libvirt does not list the running domains", error);
        return NULL;
    }
    if (stale)
        let_attaches_end(live, domains, count);
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
 * libvirt's client library sends with write(2) (src/rpc/virnetsocket.c) and leaves SIGPIPE to the program: it would end
 * us, without a word, when libvirtd ends just before we ask it something.
 */
void ccw_libvirt_prepare(void)
{
    signal(SIGPIPE, SIG_IGN);
    virSetErrorFunc(NULL, keep_quiet);
}
