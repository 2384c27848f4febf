/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "node_device/dumpxml.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <signal.h>
#include <stdlib.h>

#include "util/error.h"

/* Keeps libvirt's library from printing errors: this file reports them as GError. */
static void ignore_error(void *data G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static char *dump(virConnectPtr conn, const char *name, GError **error)
{
    virDomainPtr domain = virDomainLookupByName(conn, name);
    char *xml, *copy;

    if (!domain && virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt: %s", virGetLastErrorMessage());
        return NULL;
    }
    if (!domain)
        domain = virDomainLookupByUUIDString(conn, name);
    if (!domain) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND, "libvirt has no domain '%s'", name);
        return NULL;
    }
    xml = virDomainGetXMLDesc(domain, VIR_DOMAIN_XML_INACTIVE);
    if (!xml)
        g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "libvirt: %s", virGetLastErrorMessage());
    copy = g_strdup(xml);
    free(xml);
    virDomainFree(domain);
    return copy;
}

static char *connect_and_dump(const char *uri, const char *domain, GError **error)
{
    virConnectPtr conn = virConnectOpenReadOnly(uri);
    char *xml;

    if (!conn) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "cannot reach libvirt: %s", virGetLastErrorMessage());
        return NULL;
    }
    xml = dump(conn, domain, error);
    virConnectClose(conn);
    return xml;
}

/* libvirt's client library leaves SIGPIPE to the program. Standard output needs the signal again afterwards. */
char *nodedev_dumpxml(const char *uri, const char *domain, GError **error)
{
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    char *xml;

    virSetErrorFunc(NULL, ignore_error);
    xml = connect_and_dump(uri, domain, error);
    signal(SIGPIPE, before);
    return xml;
}
