/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A document against the schemas in src/conf/schemas. */
#include <libxml/relaxng.h>

#include "conf/hostdev.h"
#include "conf/walk.h"
#include "conf/xml-dom.h"
#include "conf/xml-error.h"
#include "util/error.h"
#include "util/paths.h"

static const struct {
    const char *root;
    const char *schema;
} schemas[] = {
    { "domain", "libvirt-ccw-domain.rng" },
    { "hostdev", "libvirt-ccw-hostdev.rng" },
    { "device", "libvirt-ccw-nodedev.rng" },
};

static void take_first(void *data, CcwXmlError *from)
{
    char **first = data;

    if (!*first)
        *first = g_strdup_printf("%s (line %d)", from->message ? from->message : "unknown error", from->line);
}

/* What libxml2 says first is the innermost it knows; the line it often has only for what is around that. */
typedef struct {
    char *message;
    int line;
} Verdict;

static void verdict_clear(Verdict *verdict)
{
    g_free(verdict->message);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Verdict, verdict_clear)

static void take_message(void *data, CcwXmlError *from)
{
    Verdict *verdict = data;

    if (!verdict->message)
        verdict->message = g_strchomp(g_strdup(from->message ? from->message : "unknown error"));
    if (verdict->line <= 0)
        verdict->line = from->line;
}

static xmlRelaxNG *load_schema(const char *name, GError **error)
{
    g_autofree char *path = ccw_paths_find(name, error);
    xmlRelaxNGParserCtxt *context = path ? xmlRelaxNGNewParserCtxt(path) : NULL;
    g_autofree char *first = NULL;
    xmlRelaxNG *schema;

    if (!context)
        return NULL;
    xmlRelaxNGSetParserStructuredErrors(context, take_first, &first);
    schema = xmlRelaxNGParse(context);
    xmlRelaxNGFreeParserCtxt(context);
    if (!schema)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "cannot read the schema %s: %s; are libvirt's own schemas installed?", path,
                    first ? first : "unknown error");
    return schema;
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNG, xmlRelaxNGFree)

static gboolean judge(xmlRelaxNG *schema, xmlDoc *doc, Verdict *verdict)
{
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
    int rc;

    xmlRelaxNGSetValidStructuredErrors(context, take_message, verdict);
    rc = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    if (rc != 0 && !verdict->message)
        verdict->message = g_strdup("libvirt does not accept it");
    return rc == 0;
}

/* What libxml2 says, in words that tell where to look. A row a message of its relaxng.c. */
static char *reword(const char *message)
{
    static const struct {
        const char *pattern;
        const char *words;
    } rows[] = {
        { "^Extra element (\\S+) in interleave$", "<\\1>, or something in it, is not allowed there" },
        { "^Element (\\S+) has extra content: (\\S+)$", "<\\1> does not take <\\2>, or not in that place" },
        { "^Invalid attribute (\\S+) for element (\\S+)$",
          "<\\2> does not take attribute '\\1', or not with that value" },
        { "^Invalid sequence in interleave$", "its attributes and elements do not go together" },
        { "^Element (\\S+) failed to validate (content|attributes)$", "something in <\\1> is missing or wrong" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GRegex) regex = g_regex_new(rows[i].pattern, G_REGEX_RAW, 0, NULL);

        if (g_regex_match(regex, message, 0, NULL))
            return g_regex_replace(regex, message, -1, 0, rows[i].words, 0, NULL);
    }
    return g_strdup(message);
}

/* A type that the schema has not heard of fails it in a way that says nothing of the type. */
static char *explain_hostdev(const CcwXmlElement *hostdev, const char *message)
{
    static const char *const types[] = { "ccw",       "mdev",    "misc",      "net", "pci", "scsi",
                                         "scsi_host", "storage", "subsystem", "usb", NULL };
    g_autofree char *type = ccw_xml_get(hostdev, "type");
    g_autofree char *shown = type ? ccw_conf_excerpt(type) : NULL;

    if (!type)
        return g_strdup("it has no type: a channel device has type='ccw'");
    if (!g_strv_contains(types, type))
        return g_strdup_printf("type='%s' is unknown: a channel device has type='ccw'", shown);
    return reword(message);
}

/* libxml2's nodes for the elements of ccw_walk_hostdevs(), in the same order. */
static GPtrArray *find_hostdev_nodes(xmlDoc *document)
{
    GPtrArray *nodes = g_ptr_array_new();
    xmlNode *root = xmlDocGetRootElement(document);
    xmlNode *devices = ccw_xml_dom_is(root, "domain") ? ccw_xml_dom_child(root, "devices") : NULL;

    if (ccw_xml_dom_is(root, "hostdev"))
        g_ptr_array_add(nodes, root);
    for (; devices; devices = ccw_xml_dom_next(devices, "devices"))
        for (xmlNode *dev = ccw_xml_dom_child(devices, "hostdev"); dev; dev = ccw_xml_dom_next(dev, "hostdev"))
            g_ptr_array_add(nodes, dev);
    return nodes;
}

/* Of a whole domain libxml2 says little more than that its devices are wrong: is it one of the hostdevs? */
static gboolean judge_hostdevs(CcwXml *xml, const GPtrArray *hostdevs, xmlDoc *document, GError **error)
{
    g_autoptr(GPtrArray) nodes = find_hostdev_nodes(document);
    g_autoptr(xmlRelaxNG) schema = load_schema("libvirt-ccw-hostdev.rng", error);
    gboolean valid = TRUE;

    if (!schema)
        return FALSE;
    for (guint i = 0; i < hostdevs->len && i < nodes->len && valid; i++) {
        const CcwXmlElement *hostdev = hostdevs->pdata[i];
        g_auto(Verdict) verdict = { 0 };
        xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");

        xmlDocSetRootElement(doc, xmlDocCopyNode(nodes->pdata[i], doc, 1));
        valid = judge(schema, doc, &verdict);
        if (!valid) {
            g_autofree char *why = explain_hostdev(hostdev, verdict.message);

            g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "line %u: the schema does not allow this <hostdev>: %s",
                        ccw_xml_line(xml, ccw_xml_span(hostdev)->start), why);
        }
        xmlFreeDoc(doc);
    }
    return valid;
}

/* What the schema leaves to libvirt: guest addresses, and that a host device is there once. */
static gboolean judge_ours(CcwXml *xml, const GPtrArray *hostdevs, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < hostdevs->len; i++) {
        CcwHostdevNode node;
        guint id;
        const CcwXmlElement *first;

        if (!ccw_hostdev_read(xml, hostdevs->pdata[i], &node, error))
            return FALSE;
        if (node.form == CCW_HOSTDEV_OTHER)
            continue;
        if (!ccw_hostdev_check_guest(xml, &node, error))
            return FALSE;
        id = (guint)node.dev.source.cssid << 24 | (guint)node.dev.source.ssid << 16 | node.dev.source.devno;
        first = g_hash_table_lookup(seen, GUINT_TO_POINTER(id));
        if (first) {
            g_autofree char *name = ccw_bus_id_to_string(&node.dev.source);

            ccw_conf_refuse(xml, node.element, error,
                            "host device %s is that of the <hostdev> in line %u already: a guest has a device once",
                            name, ccw_xml_line(xml, ccw_xml_span(first)->start));
            return FALSE;
        }
        g_hash_table_insert(seen, GUINT_TO_POINTER(id), (gpointer)node.element);
    }
    return TRUE;
}

/* The schema is asked a dozen times: for more devices than any domain has that would take minutes. */
#define SEARCHED_DEVICES_MAX 4096

/* parent with the first n of its devices. */
static void keep_first(xmlNode *parent, const GPtrArray *devices, guint n)
{
    for (guint i = 0; i < devices->len; i++)
        xmlUnlinkNode(devices->pdata[i]);
    for (guint i = 0; i < n; i++)
        xmlAddChild(parent, devices->pdata[i]);
}

static gboolean passes(xmlRelaxNG *schema, xmlDoc *doc)
{
    g_auto(Verdict) verdict = { 0 };

    return judge(schema, doc, &verdict);
}

/* The first device with which doc, which is wrong, is wrong; NULL if it is none of them. */
static const xmlNode *find_bad_device(xmlRelaxNG *schema, xmlDoc *doc)
{
    xmlNode *parent = ccw_xml_dom_child(xmlDocGetRootElement(doc), "devices");
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    guint good = 0, bad;
    gboolean found;

    for (xmlNode *child = parent ? xmlFirstElementChild(parent) : NULL; child; child = xmlNextElementSibling(child))
        g_ptr_array_add(devices, child);
    if (devices->len == 0 || devices->len > SEARCHED_DEVICES_MAX)
        return NULL;
    keep_first(parent, devices, 0);
    found = passes(schema, doc);
    for (bad = devices->len; found && bad - good > 1;) {
        guint middle = good + (bad - good) / 2;

        keep_first(parent, devices, middle);
        if (passes(schema, doc))
            good = middle;
        else
            bad = middle;
    }
    keep_first(parent, devices, devices->len);
    return found ? devices->pdata[bad - 1] : NULL;
}

static gboolean judge_doc(CcwXml *xml, const GPtrArray *hostdevs, xmlDoc *doc, const char *name, GError **error)
{
    g_autoptr(xmlRelaxNG) schema = load_schema(name, error);
    g_autofree char *why = NULL;
    g_auto(Verdict) verdict = { 0 };
    const xmlNode *device;

    if (!schema)
        return FALSE;
    if (judge(schema, doc, &verdict))
        return TRUE;
    if (!judge_hostdevs(xml, hostdevs, doc, error))
        return FALSE;
    device = find_bad_device(schema, doc);
    why = reword(verdict.message);
    if (device)
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML,
                    "line %ld: the schema does not allow this <%s>, or something in it", xmlGetLineNo(device),
                    (const char *)device->name);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "line %d: the schema does not allow this: %s", verdict.line, why);
    return FALSE;
}

gboolean ccw_conf_check(const char *text, GError **error)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, error);
    xmlDoc *doc;

    if (!xml || ccw_xml_root(xml))
        return xml != NULL;
    doc = ccw_xml_dom_parse(text, error);
    if (!doc)
        return FALSE;
    xmlFreeDoc(doc);
    return TRUE;
}

static const char *schema_for(const xmlNode *root, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemas); i++)
        if (ccw_xml_dom_is(root, schemas[i].root))
            return schemas[i].schema;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "<%s> cannot be validated: give a <domain>, a <hostdev> or a node device's <device>",
                (const char *)root->name);
    return NULL;
}

gboolean ccw_conf_validate(const char *text, GError **error)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, error);
    xmlDoc *doc = xml && ccw_xml_check_bounds(xml, error) ? ccw_xml_dom_parse(text, error) : NULL;
    const char *schema = doc ? schema_for(xmlDocGetRootElement(doc), error) : NULL;
    g_autofree char *lowered = NULL;
    gboolean changed, valid = FALSE;

    /* What is wrong with our own elements is said better by those who read them. */
    if (schema)
        lowered = ccw_conf_lower(text, CCW_MAP_CSS_ABSENT, &changed, error);
    if (lowered) {
        const CcwXmlElement *root = ccw_xml_root(xml);
        g_autoptr(GPtrArray) hostdevs =
            root ? ccw_walk_hostdevs(xml, ccw_xml_is(root, "domain") ? root : NULL) : g_ptr_array_new();

        valid = judge_ours(xml, hostdevs, error) && judge_doc(xml, hostdevs, doc, schema, error);
    }
    g_clear_pointer(&doc, xmlFreeDoc);
    return valid;
}
