/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "qemu/ccw-dumpxml.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdlib.h>

#include "util/ccw-error.h"

/* Errors go into GError; nothing is printed by libvirt itself. */
static void ignore_error(void *data G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static char *dump(virConnectPtr conn, const char *name, GError **error)
{
    virDomainPtr domain = virDomainLookupByName(conn, name);
    char *xml, *copy;

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

char *ccw_dumpxml(const char *uri, const char *domain, GError **error)
{
    virConnectPtr conn;
    char *xml;

    virSetErrorFunc(NULL, ignore_error);
    conn = virConnectOpenReadOnly(uri);
    if (!conn) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "cannot reach libvirt: %s", virGetLastErrorMessage());
        return NULL;
    }
    xml = dump(conn, domain, error);
    virConnectClose(conn);
    return xml;
}
