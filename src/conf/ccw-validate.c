/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A document against the schemas in src/conf/schemas. */
#include <libxml/relaxng.h>

#include "conf/ccw-hostdev.h"
#include "conf/ccw-walk.h"
#include "util/ccw-error.h"
#include "util/ccw-paths.h"

static const struct {
    const char *root;
    const char *schema;
} schemas[] = {
    { "domain", "libvirt-ccw-domain.rng" },
    { "hostdev", "libvirt-ccw-hostdev.rng" },
};

static void take_first(void *data, xmlError *from)
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

static void take_message(void *data, xmlError *from)
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
        verdict->message = g_strdup("it is not what libvirt reads");
    return rc == 0;
}

/* Of a whole domain libxml2 says little more than that its devices are wrong: is it one of the hostdevs? */
static gboolean judge_hostdevs(const char *text, GError **error)
{
    g_autoptr(CcwXml) xml = ccw_xml_open(text, error);
    g_autoptr(xmlRelaxNG) schema = xml ? load_schema("libvirt-ccw-hostdev.rng", error) : NULL;
    g_autoptr(GPtrArray) hostdevs = NULL;
    gboolean valid = TRUE;

    if (!schema)
        return FALSE;
    hostdevs = ccw_walk_hostdevs(xml, ccw_xml_root(xml));
    for (guint i = 0; i < hostdevs->len && valid; i++) {
        g_auto(Verdict) verdict = { 0 };
        xmlDoc *doc = xmlNewDoc((const xmlChar *)"1.0");

        xmlDocSetRootElement(doc, xmlDocCopyNode(hostdevs->pdata[i], doc, 1));
        valid = judge(schema, doc, &verdict);
        if (!valid)
            g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "line %u: the schema does not allow this <hostdev>: %s",
                        ccw_xml_line(xml, ccw_xml_span(hostdevs->pdata[i])->start), verdict.message);
        xmlFreeDoc(doc);
    }
    return valid;
}

static gboolean validate_doc(xmlDoc *doc, const char *text, const char *name, GError **error)
{
    g_autoptr(xmlRelaxNG) schema = load_schema(name, error);
    g_auto(Verdict) verdict = { 0 };

    if (!schema)
        return FALSE;
    if (judge(schema, doc, &verdict))
        return TRUE;
    if (!ccw_xml_is(xmlDocGetRootElement(doc), "domain") || judge_hostdevs(text, error))
        g_set_error(error, CCW_ERROR, CCW_ERROR_XML, "line %d: the schema does not allow this: %s", verdict.line,
                    verdict.message);
    return FALSE;
}

gboolean ccw_conf_check(const char *text, GError **error)
{
    xmlDoc *doc = ccw_xml_parse(text, error);

    if (!doc)
        return FALSE;
    xmlFreeDoc(doc);
    return TRUE;
}

gboolean ccw_conf_validate(const char *text, GError **error)
{
    g_autofree char *lowered = NULL;
    const char *schema = NULL;
    gboolean changed, valid;
    xmlNode *root;
    xmlDoc *doc = ccw_xml_parse(text, error);

    if (!doc)
        return FALSE;
    root = xmlDocGetRootElement(doc);
    for (gsize i = 0; i < G_N_ELEMENTS(schemas); i++)
        if (ccw_xml_is(root, schemas[i].root))
            schema = schemas[i].schema;
    if (!schema)
        g_set_error(error, CCW_ERROR, CCW_ERROR_UNSUPPORTED, "<%s> cannot be validated: give a <domain> or a <hostdev>",
                    (const char *)root->name);
    /* What is wrong with our own elements is said better by those who read them. */
    valid = schema && (lowered = ccw_conf_lower(text, CCW_MAP_CSS_ABSENT, &changed, error)) &&
            validate_doc(doc, text, schema, error);
    xmlFreeDoc(doc);
    return valid;
}
