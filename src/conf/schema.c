/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validates a document against the schemas in src/conf/schemas. */
#include <libxml/relaxng.h>

#include "conf/find.h"
#include "conf/hostdev.h"
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

static void keep_first_error(void *data, ConfXmlError *from)
{
    char **first = data;

    if (!*first)
        *first = g_strdup_printf("%s (line %d)", from->message ? from->message : "unknown error", from->line);
}

/*
 * Why libxml2 rejects a document: its first error, which is the innermost one that it reports. That one often has no
 * line: then line is from the first later error that has one.
 */
typedef struct {
    char *message;
    int code; /* xmlRelaxNGValidErr; 0 if unknown */
    char *names[2];
    int line;
} Problem;

static void problem_clear(Problem *problem)
{
    g_free(problem->message);
    g_free(problem->names[0]);
    g_free(problem->names[1]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Problem, problem_clear)

static void keep_problem(void *data, ConfXmlError *from)
{
    Problem *problem = data;

    if (!problem->message) {
        problem->message = g_strchomp(g_strdup(from->message ? from->message : "unknown error"));
        problem->code = from->domain == XML_FROM_RELAXNGV ? from->code : 0;
        problem->names[0] = g_strdup(from->str1);
        problem->names[1] = g_strdup(from->str2);
    }
    if (problem->line <= 0)
        problem->line = from->line;
}

static xmlRelaxNG *load_schema(const char *name, GError **error)
{
    g_autofree char *path = ccw_paths_find(name, error);
    xmlRelaxNGParserCtxt *context = path ? xmlRelaxNGNewParserCtxt(path) : NULL;
    g_autofree char *first = NULL;
    xmlRelaxNG *schema;

    if (!context)
        return NULL;
    xmlRelaxNGSetParserStructuredErrors(context, keep_first_error, &first);
    schema = xmlRelaxNGParse(context);
    xmlRelaxNGFreeParserCtxt(context);
    if (!schema)
        g_set_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND,
                    "cannot read the schema %s: %s; are libvirt's own schemas installed?", path,
                    first ? first : "unknown error");
    return schema;
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlRelaxNG, xmlRelaxNGFree)

static gboolean is_valid(xmlRelaxNG *schema, xmlDoc *doc, Problem *problem)
{
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
    int rc;

    xmlRelaxNGSetValidStructuredErrors(context, keep_problem, problem);
    rc = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    if (rc != 0 && !problem->message)
        problem->message = g_strdup("libvirt does not accept it");
    return rc == 0;
}

/* Rewords libxml2's message, so that the user knows where to look. */
static char *explain(const Problem *problem)
{
    const char *first = problem->names[0];
    const char *second = problem->names[1];

    if (problem->code == XML_RELAXNG_ERR_INTERSEQ)
        return g_strdup("its attributes and elements do not go together");
    if (problem->code == XML_RELAXNG_ERR_INTEREXTRA && first)
        return g_strdup_printf("<%s>, or something in it, is not allowed there", first);
    if (problem->code == XML_RELAXNG_ERR_EXTRACONTENT && first && second)
        return g_strdup_printf("<%s> does not take <%s>, or not in that place", first, second);
    if (problem->code == XML_RELAXNG_ERR_INVALIDATTR && first && second)
        return g_strdup_printf("<%s> does not take attribute '%s', or not with that value", second, first);
    if ((problem->code == XML_RELAXNG_ERR_CONTENTVALID || problem->code == XML_RELAXNG_ERR_ATTRVALID) && first)
        return g_strdup_printf("something in <%s> is missing or wrong", first);
    return g_strdup(problem->message);
}

/* If the schema does not have the hostdev's type, libxml2's error does not mention the type. */
static char *explain_hostdev(const ConfXmlElement *hostdev, const Problem *problem)
{
    static const char *const types[] = { "ccw",       "mdev",    "misc",      "net", "pci", "scsi",
                                         "scsi_host", "storage", "subsystem", "usb", NULL };
    g_autofree char *type = conf_xml_get(hostdev, "type");
    g_autofree char *shown = type ? conf_excerpt(type) : NULL;

    if (!type)
        return g_strdup("it has no type: a channel device has type='ccw'");
    if (!g_strv_contains(types, type))
        return g_strdup_printf("type='%s' is unknown: a channel device has type='ccw'", shown);
    return explain(problem);
}

/* Finds libxml2's nodes for the elements of conf_find_hostdevs(), in the same order. */
static GPtrArray *find_hostdev_nodes(xmlDoc *document)
{
    GPtrArray *nodes = g_ptr_array_new();
    xmlNode *root = xmlDocGetRootElement(document);
    xmlNode *devices = conf_xml_dom_is(root, "domain") ? conf_xml_dom_child(root, "devices") : NULL;

    if (conf_xml_dom_is(root, "hostdev"))
        g_ptr_array_add(nodes, root);
    for (; devices; devices = conf_xml_dom_next(devices, "devices"))
        for (xmlNode *dev = conf_xml_dom_child(devices, "hostdev"); dev; dev = conf_xml_dom_next(dev, "hostdev"))
            g_ptr_array_add(nodes, dev);
    return nodes;
}

/* Validates each hostdev by itself: for a whole domain, libxml2 says little more than that <devices> is wrong. */
static gboolean check_hostdevs(ConfXml *xml, const GPtrArray *hostdevs, xmlDoc *document, GError **error)
{
    g_autoptr(GPtrArray) nodes = find_hostdev_nodes(document);
    g_autoptr(xmlRelaxNG) schema = load_schema("libvirt-ccw-hostdev.rng", error);
    gboolean valid = TRUE;

    if (!schema)
        return FALSE;
    for (guint i = 0; i < hostdevs->len && i < nodes->len && valid; i++) {
        const ConfXmlElement *hostdev = hostdevs->pdata[i];
        g_auto(Problem) problem = { 0 };
        xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");

        xmlDocSetRootElement(doc, xmlDocCopyNode(nodes->pdata[i], doc, 1));
        valid = is_valid(schema, doc, &problem);
        if (!valid) {
            g_autofree char *why = explain_hostdev(hostdev, &problem);

            g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "line %u: the schema does not allow this <hostdev>: %s",
                        conf_xml_line(xml, conf_xml_span(hostdev)->start), why);
        }
        xmlFreeDoc(doc);
    }
    return valid;
}

/* Checks what the schema does not: guest addresses, and that the document has each host device once. */
static gboolean check_ccw_hostdevs(ConfXml *xml, const GPtrArray *hostdevs, GError **error)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < hostdevs->len; i++) {
        ConfHostdevNode node;
        guint id;
        const ConfXmlElement *first;

        if (!conf_hostdev_read(xml, hostdevs->pdata[i], &node, error))
            return FALSE;
        if (node.form == CONF_HOSTDEV_OTHER)
            continue;
        if (!conf_hostdev_check_guest(xml, &node, error))
            return FALSE;
        id = ccw_bus_id_hash(&node.dev.source);
        first = g_hash_table_lookup(seen, GUINT_TO_POINTER(id));
        if (first) {
            g_autofree char *name = ccw_bus_id_to_string(&node.dev.source);

            conf_set_invalid(xml, node.element, error,
                             "the <hostdev> in line %u already has host device %s: remove one of the two",
                             conf_xml_line(xml, conf_xml_span(first)->start), name);
            return FALSE;
        }
        g_hash_table_insert(seen, GUINT_TO_POINTER(id), (gpointer)node.element);
    }
    return TRUE;
}

/* The search validates the document a dozen times: with more devices than any domain has, that would take minutes. */
#define SEARCHED_DEVICES_MAX 4096

/* Leaves only the first n devices in parent. */
static void keep_first_devices(xmlNode *parent, const GPtrArray *devices, guint n)
{
    for (guint i = 0; i < devices->len; i++)
        xmlUnlinkNode(devices->pdata[i]);
    for (guint i = 0; i < n; i++)
        xmlAddChild(parent, devices->pdata[i]);
}

static gboolean passes(xmlRelaxNG *schema, xmlDoc *doc)
{
    g_auto(Problem) problem = { 0 };

    return is_valid(schema, doc, &problem);
}

/* Finds the first device that makes doc invalid, by bisection; NULL if the devices are not to blame. */
static const xmlNode *find_bad_device(xmlRelaxNG *schema, xmlDoc *doc)
{
    xmlNode *parent = conf_xml_dom_child(xmlDocGetRootElement(doc), "devices");
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    guint good = 0, bad;
    gboolean found;

    for (xmlNode *child = parent ? xmlFirstElementChild(parent) : NULL; child; child = xmlNextElementSibling(child))
        g_ptr_array_add(devices, child);
    if (devices->len == 0 || devices->len > SEARCHED_DEVICES_MAX)
        return NULL;
    keep_first_devices(parent, devices, 0);
    found = passes(schema, doc);
    for (bad = devices->len; found && bad - good > 1;) {
        guint middle = good + (bad - good) / 2;

        keep_first_devices(parent, devices, middle);
        if (passes(schema, doc))
            good = middle;
        else
            bad = middle;
    }
    keep_first_devices(parent, devices, devices->len);
    return found ? devices->pdata[bad - 1] : NULL;
}

static gboolean check_document(ConfXml *xml, const GPtrArray *hostdevs, xmlDoc *doc, const char *name, GError **error)
{
    g_autoptr(xmlRelaxNG) schema = load_schema(name, error);
    g_autofree char *why = NULL;
    g_auto(Problem) problem = { 0 };
    const xmlNode *device;

    if (!schema)
        return FALSE;
    if (is_valid(schema, doc, &problem))
        return TRUE;
    if (!check_hostdevs(xml, hostdevs, doc, error))
        return FALSE;
    device = find_bad_device(schema, doc);
    why = explain(&problem);
    if (device)
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML,
                    "line %ld: the schema does not allow this <%s>, or something in it", xmlGetLineNo(device),
                    (const char *)device->name);
    else
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "line %d: the schema does not allow this: %s", problem.line, why);
    return FALSE;
}

gboolean conf_check(const char *text, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, error);
    xmlDoc *doc;

    if (!xml || conf_xml_root(xml))
        return xml != NULL;
    doc = conf_xml_dom_parse(text, error);
    if (!doc)
        return FALSE;
    xmlFreeDoc(doc);
    return TRUE;
}

static const char *schema_for(const xmlNode *root, GError **error)
{
    for (gsize i = 0; i < G_N_ELEMENTS(schemas); i++)
        if (conf_xml_dom_is(root, schemas[i].root))
            return schemas[i].schema;
    g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED,
                "<%s> cannot be validated: give a <domain>, a <hostdev> or a node device's <device>",
                (const char *)root->name);
    return NULL;
}

gboolean conf_validate(const char *text, GError **error)
{
    g_autoptr(ConfXml) xml = conf_xml_open(text, error);
    xmlDoc *doc = xml && conf_xml_check_bounds(xml, error) ? conf_xml_dom_parse(text, error) : NULL;
    const char *schema = doc ? schema_for(xmlDocGetRootElement(doc), error) : NULL;
    g_autofree char *lowered = NULL;
    gboolean changed, valid = FALSE;

    /* conf_lower() explains errors in ccw elements better than the schema does: it reads them first. */
    if (schema)
        lowered = conf_lower(text, CONF_MAP_CSS_ABSENT, &changed, error);
    if (lowered) {
        const ConfXmlElement *root = conf_xml_root(xml);
        g_autoptr(GPtrArray) hostdevs =
            root ? conf_find_hostdevs(xml, conf_xml_is(root, "domain") ? root : NULL) : g_ptr_array_new();

        valid = check_ccw_hostdevs(xml, hostdevs, error) && check_document(xml, hostdevs, doc, schema, error);
    }
    g_clear_pointer(&doc, xmlFreeDoc);
    return valid;
}
