/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/loadparm.h"

#include <string.h>

#include "conf/hostdev.h"
#include "conf/layout.h"
#include "conf/xml-chars.h"

#define QEMU_NAMESPACE "http://libvirt.org/schemas/domain/qemu/1.0"
#define LOADPARM_MAX 8
#define LOADPARM_CHARS G_CSET_A_2_Z G_CSET_DIGITS ". "

/* Which forms of a ccw hostdev to accept: those of users' documents, or those of libvirt's. */
typedef enum { SIDE_USER, SIDE_LIBVIRT } Side;

static gboolean is_ccw_hostdev(const ConfXml *xml, const ConfXmlElement *device, Side side)
{
    ConfHostdevNode node;

    if (!conf_xml_is(device, "hostdev") || !conf_hostdev_read_source(xml, device, &node, NULL))
        return FALSE;
    return node.form == CONF_HOSTDEV_ADVERTISED || (side == SIDE_LIBVIRT && node.form == CONF_HOSTDEV_MDEV) ||
           (side == SIDE_USER && (node.form == CONF_HOSTDEV_CCW || node.form == CONF_HOSTDEV_SUBSYSTEM));
}

static const ConfXmlElement *find_first_boot(const ConfXmlElement *domain)
{
    const ConfXmlElement *first = NULL;
    guint lowest = G_MAXUINT;

    for (const ConfXmlElement *devices = conf_xml_child(domain, "devices"); devices;
         devices = conf_xml_next(devices, "devices")) {
        for (const ConfXmlElement *n = conf_xml_first_element(devices); n; n = conf_xml_next_element(n)) {
            guint order = conf_hostdev_read_boot_order(n);

            if (order == 0 || order >= lowest)
                continue;
            lowest = order;
            first = n;
        }
    }
    return first;
}

/* Returns the argument for the machine, or NULL if it needs no loadparm. libvirt writes a loadparm in capitals. */
static char *find_argument(const ConfXml *xml, const ConfXmlElement *domain, Side side)
{
    const ConfXmlElement *device = find_first_boot(domain);
    const ConfXmlElement *boot = device && is_ccw_hostdev(xml, device, side) ? conf_xml_child(device, "boot") : NULL;
    g_autofree char *given = boot ? conf_xml_get(boot, "loadparm") : NULL;
    g_autofree char *value = given ? g_ascii_strup(given, -1) : NULL;

    if (!value || !*value || strlen(value) > LOADPARM_MAX || value[strspn(value, LOADPARM_CHARS)] != '\0')
        return NULL;
    return g_strconcat("loadparm=", value, NULL);
}

/* Finds the first <qemu:commandline> that is not empty. */
static const ConfXmlElement *find_commandline(const ConfXml *xml, const ConfXmlElement *domain)
{
    const ConfXmlElement *n = conf_xml_first_element(domain);

    while (n && (!conf_xml_is_in(xml, n, QEMU_NAMESPACE, "commandline") || !conf_xml_first_element(n)))
        n = conf_xml_next_element(n);
    return n;
}

static gboolean is_argument(const ConfXml *xml, const ConfXmlElement *element, const char *value)
{
    return conf_xml_is_in(xml, element, QEMU_NAMESPACE, "arg") && (!value || conf_xml_get_is(element, "value", value));
}

/* Returns the prefix in the element's start tag: "qemu:" or "". */
static char *prefix_of(const ConfXml *xml, const ConfXmlElement *element)
{
    const char *name = xml->text + conf_xml_span(element)->start + 1;
    gsize length = strcspn(name, ":/> \t\r\n");

    return name[length] == ':' ? g_strndup(name, length + 1) : g_strdup("");
}

/* Returns the prefix that the domain's start tag declares for QEMU's namespace, or NULL if it declares none. */
static char *declared_prefix(const ConfXmlElement *domain)
{
    ConfXmlAttr attr = { 0 };

    while (conf_xml_attr_next(domain, &attr)) {
        g_autofree char *name = conf_xml_attr_name(domain, &attr);

        if (conf_xml_starts_with(name, "xmlns:") && conf_xml_attr_value_is(domain, &attr, QEMU_NAMESPACE))
            return g_strconcat(name + strlen("xmlns:"), ":", NULL);
    }
    return NULL;
}

static char *pair_text(const char *gap, const char *prefix, const char *argument, char quote)
{
    return g_strdup_printf("%s<%sarg value=%c-machine%c/>%s<%sarg value=%c%s%c/>", gap, prefix, quote, quote, gap,
                           prefix, quote, argument, quote);
}

/* Adds the pair after the last argument: libvirt prints all arguments before any <qemu:env>. */
static void add_pair(ConfXml *xml, const ConfXmlElement *domain, const ConfXmlElement *commandline,
                     const char *argument)
{
    const ConfXmlElement *child = conf_xml_first_element(commandline);
    guint32 at = conf_xml_span(commandline)->tag_end;
    g_autofree char *gap = conf_layout_gap(xml, child);
    g_autofree char *prefix = prefix_of(xml, commandline);
    g_autofree char *pair = pair_text(gap, prefix, argument, conf_layout_quote(xml, domain));

    for (; child; child = conf_xml_next_element(child))
        if (is_argument(xml, child, NULL))
            at = conf_xml_span(child)->end;
    conf_xml_insert(xml, at, pair);
}

static void add_commandline(ConfXml *xml, const ConfXmlElement *domain, const char *argument)
{
    const ConfXmlElement *last = conf_xml_last_element(domain);
    char quote = conf_layout_quote(xml, domain);
    g_autofree char *outer = conf_layout_gap(xml, last);
    g_autofree char *unit = conf_layout_unit(xml, domain, outer);
    g_autofree char *inner = g_strconcat(outer, unit, NULL);
    g_autofree char *declared = declared_prefix(domain);
    const char *prefix = declared ? declared : "qemu:";
    g_autofree char *pair = pair_text(inner, prefix, argument, quote);
    g_autofree char *declaration =
        declared ? g_strdup("") : g_strdup_printf(" xmlns:qemu=%c" QEMU_NAMESPACE "%c", quote, quote);
    g_autofree char *made =
        g_strdup_printf("%s<%scommandline%s>%s%s</%scommandline>", outer, prefix, declaration, pair, outer, prefix);

    conf_xml_insert(xml, conf_xml_span(last)->end, made);
}

void conf_loadparm_lower(ConfXml *xml, const ConfXmlElement *domain)
{
    g_autofree char *argument = find_argument(xml, domain, SIDE_USER);
    const ConfXmlElement *commandline = argument ? find_commandline(xml, domain) : NULL;

    if (commandline)
        add_pair(xml, domain, commandline, argument);
    else if (argument)
        add_commandline(xml, domain, argument);
}

static void remove_element(ConfXml *xml, const ConfXmlElement *element)
{
    conf_xml_remove(xml, conf_xml_gap_before(xml, element), conf_xml_span(element)->end);
}

/* Returns the second element of the last pair, or NULL. *ret_is_alone: <qemu:commandline> has no other elements. */
static const ConfXmlElement *find_pair(const ConfXml *xml, const ConfXmlElement *commandline, const char *argument,
                                       const ConfXmlElement **ret_first, gboolean *ret_is_alone)
{
    const ConfXmlElement *found = NULL, *previous = NULL;
    guint count = 0;

    for (const ConfXmlElement *n = conf_xml_first_element(commandline); n; n = conf_xml_next_element(n), count++) {
        if (previous && is_argument(xml, previous, "-machine") && is_argument(xml, n, argument)) {
            found = n;
            *ret_first = previous;
        }
        previous = n;
    }
    *ret_is_alone = count == 2;
    return found;
}

void conf_loadparm_raise(ConfXml *xml, const ConfXmlElement *domain)
{
    const ConfXmlElement *commandline = find_commandline(xml, domain);
    g_autofree char *argument = commandline ? find_argument(xml, domain, SIDE_LIBVIRT) : NULL;
    const ConfXmlElement *first = NULL;
    gboolean is_alone = FALSE;
    const ConfXmlElement *second = argument ? find_pair(xml, commandline, argument, &first, &is_alone) : NULL;

    if (!second)
        return;
    if (is_alone) {
        remove_element(xml, commandline);
        return;
    }
    remove_element(xml, first);
    remove_element(xml, second);
}
