/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/ccw-look.h"

#include <libvirt/virterror.h>
#include <signal.h>

/* A domain that has stopped since the list was made is one without devices: TRUE. */
static gboolean add_domain(CcwLive *live, virDomainPtr domain)
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    char *xml = virDomainGetXMLDesc(domain, 0);
    g_autoptr(GError) error = NULL;
    gboolean added;

    if (!xml)
        return virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;
    added =
        virDomainGetUUIDString(domain, uuid) == 0 && ccw_live_add(live, uuid, virDomainGetName(domain), xml, &error);
    if (!added)
        g_warning("the XML of domain %s is not understood: %s", virDomainGetName(domain),
                  error ? error->message : virGetLastErrorMessage());
    free(xml);
    return added;
}

/*
 * The XML is told at once, also in the middle of an attach, in which QEMU may have the device already. A question that
 * is a job of the domain, and asks nothing of QEMU, is answered when that is over. FALSE: it is not yet.
 */
static gboolean let_attach_end(virDomainPtr domain)
{
    virTypedParameterPtr params = NULL;
    int count = 0;
    int rc = virDomainGetPerfEvents(domain, &params, &count, VIR_DOMAIN_AFFECT_CURRENT);

    virTypedParamsFree(params, count);
    return rc == 0 || virGetLastErrorCode() != VIR_ERR_OPERATION_TIMEOUT;
}

CcwLive *ccw_look(virConnectPtr conn, CcwKeeper *keeper)
{
    g_autoptr(CcwLive) live = ccw_live_new(keeper);
    gboolean stale = ccw_keeper_has_stale(keeper); /* whose attach goes on without it */
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
    gboolean complete = count >= 0;

    for (int i = 0; i < count; i++) {
        complete = (!stale || let_attach_end(domains[i])) && add_domain(live, domains[i]) && complete;
        virDomainFree(domains[i]);
    }
    free(domains);
    return complete ? g_steal_pointer(&live) : NULL;
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
