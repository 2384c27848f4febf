/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/loadparm.h"

#include <string.h>

#include "conf/hostdev.h"
#include "conf/layout.h"
#include "conf/xml-chars.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define LOADPARM_MAX 8
#define LOADPARM_CHARS G_CSET_A_2_Z G_CSET_DIGITS ". "

/* Which forms of our hostdev count: those of users' documents, or those of libvirt's. */
typedef enum { SIDE_USER, SIDE_LIBVIRT } Side;

static gboolean is_ours(const CcwXml *xml, const CcwXmlElement *device, Side side)
{
    CcwHostdevNode node;

    if (!ccw_xml_is(device, "hostdev") || !ccw_hostdev_read_source(xml, device, &node, NULL))
        return FALSE;
    return node.form == CCW_HOSTDEV_ADVERTISED || (side == SIDE_LIBVIRT && node.form == CCW_HOSTDEV_MDEV) ||
           (side == SIDE_USER && (node.form == CCW_HOSTDEV_CCW || node.form == CCW_HOSTDEV_SUBSYSTEM));
}

static const CcwXmlElement *find_first_boot(const CcwXmlElement *domain)
{
    const CcwXmlElement *first = NULL;
    guint lowest = G_MAXUINT;

    for (const CcwXmlElement *devices = ccw_xml_child(domain, "devices"); devices;
         devices = ccw_xml_next(devices, "devices")) {
        for (const CcwXmlElement *n = ccw_xml_first_element(devices); n; n = ccw_xml_next_element(n)) {
            guint order = ccw_hostdev_read_boot_order(n);

            if (order == 0 || order >= lowest)
                continue;
            lowest = order;
            first = n;
        }
    }
    return first;
}

/* The argument for the machine; NULL if the machine needs no loadparm. libvirt writes a loadparm in capitals. */
static char *find_argument(const CcwXml *xml, const CcwXmlElement *domain, Side side)
{
    const CcwXmlElement *device = find_first_boot(domain);
    const CcwXmlElement *boot = device && is_ours(xml, device, side) ? ccw_xml_child(device, "boot") : NULL;
    g_autofree char *given = boot ? ccw_xml_get(boot, "loadparm") : NULL;
    g_autofree char *value = given ? g_ascii_strup(given, -1) : NULL;

    if (!value || !*value || strlen(value) > LOADPARM_MAX || value[strspn(value, LOADPARM_CHARS)] != '\0')
        return NULL;
    return g_strconcat("loadparm=", value, NULL);
}

/* One with something in it. */
static const CcwXmlElement *find_commandline(const CcwXml *xml, const CcwXmlElement *domain)
{
    const CcwXmlElement *n = ccw_xml_first_element(domain);

    while (n && (!ccw_xml_is_in(xml, n, QEMU_NAMESPACE, "commandline") || !ccw_xml_first_element(n)))
        n = ccw_xml_next_element(n);
    return n;
}

static gboolean is_argument(const CcwXml *xml, const CcwXmlElement *element, const char *value)
{
    return ccw_xml_is_in(xml, element, QEMU_NAMESPACE, "arg") && (!value || ccw_xml_get_is(element, "value", value));
}

/* "qemu:", as it stands in the start tag. */
static char *prefix_of(const CcwXml *xml, const CcwXmlElement *element)
{
    const char *name = xml->text + ccw_xml_span(element)->start + 1;
    gsize length = strcspn(name, ":/> \t\r\n");

    return name[length] == ':' ? g_strndup(name, length + 1) : g_strdup("");
}

/* The prefix that the domain's own start tag declares for QEMU's namespace; NULL if it declares none. */
static char *declared_prefix(const CcwXmlElement *domain)
{
    CcwXmlAttr attr = { 0 };

    while (ccw_xml_attr_next(domain, &attr)) {
        g_autofree char *name = ccw_xml_attr_name(domain, &attr);

        if (ccw_xml_starts_with(name, "xmlns:") && ccw_xml_attr_value_is(domain, &attr, QEMU_NAMESPACE))
            return g_strconcat(name + strlen("xmlns:"), ":", NULL);
    }
    return NULL;
}

static char *pair_text(const char *gap, const char *prefix, const char *argument, char quote)
{
    return g_strdup_printf("%s<%sarg value=%c-machine%c/>%s<%sarg value=%c%s%c/>", gap, prefix, quote, quote, gap,
                           prefix, quote, argument, quote);
}

/* After the last argument: libvirt prints all arguments before all of <qemu:env>. */
static void add_pair(CcwXml *xml, const CcwXmlElement *domain, const CcwXmlElement *commandline, const char *argument)
{
    const CcwXmlElement *child = ccw_xml_first_element(commandline);
    guint32 at = ccw_xml_span(commandline)->tag_end;
    g_autofree char *gap = ccw_layout_gap(xml, child);
    g_autofree char *prefix = prefix_of(xml, commandline);
    g_autofree char *pair = pair_text(gap, prefix, argument, ccw_layout_quote(xml, domain));

    for (; child; child = ccw_xml_next_element(child))
        if (is_argument(xml, child, NULL))
            at = ccw_xml_span(child)->end;
    ccw_xml_insert(xml, at, pair);
}

static void add_commandline(CcwXml *xml, const CcwXmlElement *domain, const char *argument)
{
    const CcwXmlElement *last = ccw_xml_last_element(domain);
    char quote = ccw_layout_quote(xml, domain);
    g_autofree char *outer = ccw_layout_gap(xml, last);
    g_autofree char *unit = ccw_layout_unit(xml, domain, outer);
    g_autofree char *inner = g_strconcat(outer, unit, NULL);
    g_autofree char *declared = declared_prefix(domain);
    const char *prefix = declared ? declared : "qemu:";
    g_autofree char *pair = pair_text(inner, prefix, argument, quote);
    g_autofree char *declaration =
        declared ? g_strdup("") : g_strdup_printf(" xmlns:qemu=%c" QEMU_NAMESPACE "%c", quote, quote);
    g_autofree char *made =
        g_strdup_printf("%s<%scommandline%s>%s%s</%scommandline>", outer, prefix, declaration, pair, outer, prefix);

    ccw_xml_insert(xml, ccw_xml_span(last)->end, made);
}

void ccw_loadparm_lower(CcwXml *xml, const CcwXmlElement *domain)
{
    g_autofree char *argument = find_argument(xml, domain, SIDE_USER);
    const CcwXmlElement *commandline = argument ? find_commandline(xml, domain) : NULL;

    if (commandline)
        add_pair(xml, domain, commandline, argument);
    else if (argument)
        add_commandline(xml, domain, argument);
}

static void remove_element(CcwXml *xml, const CcwXmlElement *element)
{
    ccw_xml_remove(xml, ccw_xml_gap_before(xml, element), ccw_xml_span(element)->end);
}

/* The second of the last pair, or NULL. */
static const CcwXmlElement *find_pair(const CcwXml *xml, const CcwXmlElement *commandline, const char *argument,
                                      const CcwXmlElement **ret_first, gboolean *ret_alone)
{
    const CcwXmlElement *found = NULL, *previous = NULL;
    guint count = 0;

    for (const CcwXmlElement *n = ccw_xml_first_element(commandline); n; n = ccw_xml_next_element(n), count++) {
        if (previous && is_argument(xml, previous, "-machine") && is_argument(xml, n, argument)) {
            found = n;
            *ret_first = previous;
        }
        previous = n;
    }
    *ret_alone = count == 2;
    return found;
}

void ccw_loadparm_raise(CcwXml *xml, const CcwXmlElement *domain)
{
    const CcwXmlElement *commandline = find_commandline(xml, domain);
    g_autofree char *argument = commandline ? find_argument(xml, domain, SIDE_LIBVIRT) : NULL;
    const CcwXmlElement *first = NULL;
    gboolean is_alone = FALSE;
    const CcwXmlElement *second = argument ? find_pair(xml, commandline, argument, &first, &is_alone) : NULL;

    if (!second)
        return;
    if (is_alone) {
        remove_element(xml, commandline);
        return;
    }
    remove_element(xml, first);
    remove_element(xml, second);
}
