/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves the feature between <features> and <metadata>, as edits of the text.
 *
 * Two round trips must not change the text: raise(lower(x)) is x, although the lowered text does not say where the
 * feature was; and lower(raise(y)) is y for libvirt's output, although libvirt formats metadata in its own way and
 * drops an empty <features> or <metadata>. Therefore:
 *
 * - Lower writes the carrier as libxml2, and so libvirt, does: in double quotes, the namespace first. Raise writes the
 *   feature in the quotes of the domain's start tag.
 * - Raise has one default position for the feature: after the last child of <features>, or in a new <features> where
 *   libvirt's formatter has it, on separate lines if the domain has such.
 * - If the feature is at this position, lower removes it together with the white space, or the <features>, that raise
 *   adds again. If it is elsewhere, lower removes only the element. The line of blanks that remains is the trace: raise
 *   puts the feature there. In a <features> without line breaks, the trace is the middle of its blanks.
 * - Lower puts the carrier after the last child of <metadata>, or in a new <metadata> where libvirt's formatter has it,
 *   and raise removes that <metadata> again. In a <metadata> that was there and empty, the carrier follows the start
 *   tag without white space: so raise knows that it must keep that one.
 */
#include <string.h>

#include "conf/feature.h"
#include "conf/layout.h"

/* libvirt writes these before <metadata> and before <features> (virDomainDefFormatInternalSetRootName). */
static const char *const before_metadata[] = { "name", "uuid", "hwuuid", "genid", "title", "description", NULL };
static const char *const before_features[] = {
    "name",      "uuid",     "hwuuid",        "genid",       "title",           "description",
    "maxMemory", "memory",   "currentMemory", "blkiotune",   "memtune",         "memoryBacking",
    "vcpu",      "vcpus",    "iothreads",     "iothreadids", "defaultiothread", "cputune",
    "numatune",  "resource", "sysinfo",       "bootloader",  "bootloader_args", "os",
    "idmap",     NULL,
};

/* The position of a new child of the domain. */
typedef struct {
    guint32 at;
    char *outer; /* the white space before it */
    char *unit;  /* the further indentation of its own children */
} Position;

static void position_clear(Position *position)
{
    g_free(position->outer);
    g_free(position->unit);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Position, position_clear)

static char *text_of(const ConfXml *xml, guint32 start, guint32 end)
{
    return g_strndup(xml->text + start, end - start);
}

static gboolean is_one_of(const ConfXmlElement *element, const char *const *names)
{
    for (; *names; names++)
        if (conf_xml_is(element, *names))
            return TRUE;
    return FALSE;
}

static void find_position(const ConfXml *xml, const ConfXmlElement *domain, const char *const *before,
                          Position *ret_position)
{
    const ConfXmlElement *model = conf_xml_first_element(domain);
    const ConfXmlElement *anchor = NULL;

    for (const ConfXmlElement *child = model; child; child = conf_xml_next_element(child))
        if (is_one_of(child, before))
            anchor = child;
    if (anchor)
        model = anchor;
    ret_position->at = anchor ? conf_xml_span(anchor)->end : conf_xml_span(domain)->tag_end;
    ret_position->outer = model ? conf_layout_gap(xml, model) : g_strdup("");
    ret_position->unit = conf_layout_unit(xml, domain, ret_position->outer);
}

static char *wrap(const Position *position, const char *name, const char *inner)
{
    return g_strdup_printf("%s<%s>%s%s%s%s</%s>", position->outer, name, position->outer, position->unit, inner,
                           position->outer, name);
}

static const char *state_name(ConfMapCss state)
{
    return state == CONF_MAP_CSS_OFF ? "off" : "on";
}

static char *carrier_text(ConfMapCss state)
{
    return g_strdup_printf("<ccw:s390-map-css xmlns:ccw=\"" CONF_NAMESPACE "\" state=\"%s\"/>", state_name(state));
}

static char *feature_text(const ConfXml *xml, const ConfXmlElement *domain, ConfMapCss state)
{
    char quote = conf_layout_quote(xml, domain);

    return g_strdup_printf("<s390-map-css state=%c%s%c/>", quote, state_name(state), quote);
}

static gboolean is_empty_tag(const ConfXmlSpan *span)
{
    return span->tag_end == span->end;
}

/* Inserts a child at the start of the element's content. An empty-element tag becomes two tags. */
static void insert_first(ConfXml *xml, const ConfXmlElement *element, const char *child)
{
    const ConfXmlSpan *span = conf_xml_span(element);

    if (is_empty_tag(span)) {
        g_autofree char *name = conf_xml_name(element);
        g_autofree char *opened = g_strdup_printf(">%s</%s>", child, name);

        conf_xml_replace(xml, span->tag_end - 2, span->tag_end, opened);
    } else {
        conf_xml_insert(xml, span->tag_end, child);
    }
}

/* Inserts a child after the last one, with the white space that the first one has before it. */
static void insert_last(ConfXml *xml, const ConfXmlElement *element, const char *child)
{
    g_autofree char *gap = conf_layout_gap(xml, conf_xml_first_element(element));
    g_autofree char *laid_out = g_strconcat(gap, child, NULL);

    conf_xml_insert(xml, conf_xml_span(conf_xml_last_element(element))->end, laid_out);
}

/* Whether raise would write exactly this <features>, at this position. */
static gboolean raise_makes_list(const ConfXml *xml, const ConfXmlElement *domain, const ConfXmlElement *list,
                                 const char *feature)
{
    const ConfXmlSpan *span = conf_xml_span(list);
    guint32 gap = conf_xml_gap_before(xml, list);
    g_auto(Position) position = { 0 };
    g_autofree char *made = NULL;

    find_position(xml, domain, before_features, &position);
    made = wrap(&position, "features", feature);
    return gap == position.at && span->end - gap == strlen(made) && memcmp(xml->text + gap, made, strlen(made)) == 0;
}

/* Whether raise would write exactly this feature, as the last child of <features>. */
static gboolean raise_appends(const ConfXml *xml, const ConfXmlElement *node, const char *feature)
{
    const ConfXmlSpan *span = conf_xml_span(node);
    const ConfXmlElement *previous = conf_xml_previous_element(node);
    g_autofree char *is = conf_layout_gap(xml, node);
    g_autofree char *first = conf_layout_gap(xml, conf_xml_first_element(conf_xml_parent(node)));

    return previous && !conf_xml_next_element(node) && strcmp(is, first) == 0 &&
           conf_xml_gap_before(xml, node) == conf_xml_span(previous)->end &&
           span->end - span->start == strlen(feature) && memcmp(xml->text + span->start, feature, strlen(feature)) == 0;
}

void conf_feature_lower(ConfXml *xml, const ConfXmlElement *domain, const ConfFeature *feature)
{
    const ConfXmlElement *node = feature->feature;
    const ConfXmlElement *list = conf_xml_parent(node);
    const ConfXmlSpan *span = conf_xml_span(node);
    const ConfXmlElement *metadata = conf_xml_child(domain, "metadata");
    g_autofree char *carrier = carrier_text(feature->state);
    g_autofree char *raised = feature_text(xml, domain, feature->state);

    if (raise_makes_list(xml, domain, list, raised))
        conf_xml_remove(xml, conf_xml_gap_before(xml, list), conf_xml_span(list)->end);
    else if (raise_appends(xml, node, raised))
        conf_xml_remove(xml, conf_xml_gap_before(xml, node), span->end);
    else
        conf_xml_remove(xml, span->start, span->end);

    if (!metadata) {
        g_auto(Position) position = { 0 };
        g_autofree char *made = NULL;

        find_position(xml, domain, before_metadata, &position);
        made = wrap(&position, "metadata", carrier);
        conf_xml_insert(xml, position.at, made);
    } else if (conf_xml_first_element(metadata)) {
        insert_last(xml, metadata, carrier);
    } else {
        insert_first(xml, metadata, carrier);
    }
}

/* Returns the end of the first line of blanks only in start..end; 0 if there is no such line. */
static guint32 find_trace(const ConfXml *xml, guint32 start, guint32 end)
{
    for (guint32 p = start; p < end; p++) {
        guint32 q = p + 1;

        if (xml->text[p] != '\n')
            continue;
        while (q < end && (xml->text[q] == ' ' || xml->text[q] == '\t'))
            q++;
        if (q > p + 1 && q < end && (xml->text[q] == '\n' || xml->text[q] == '\r'))
            return q;
    }
    return 0;
}

static guint32 find_trace_in(const ConfXml *xml, const ConfXmlElement *list)
{
    guint32 end = conf_xml_span(list)->content_end;
    guint32 trace = 0;

    for (const ConfXmlElement *n = conf_xml_first_element(list); n && !trace; n = conf_xml_next_element(n))
        trace = find_trace(xml, conf_xml_gap_before(xml, n), conf_xml_span(n)->start);
    return trace ? trace : find_trace(xml, conf_xml_gap(xml, end), end);
}

/* Inserts the feature into a <features> that has only white space. */
static void insert_into_blank(ConfXml *xml, const ConfXmlElement *domain, const ConfXmlElement *list,
                              const char *feature)
{
    const ConfXmlSpan *span = conf_xml_span(list);
    g_autofree char *blank = text_of(xml, span->tag_end, span->content_end);
    guint32 middle = span->tag_end + (span->content_end - span->tag_end) / 2;

    if (strchr(blank, '\n')) {
        g_autofree char *outer = conf_layout_gap(xml, list);
        g_autofree char *unit = conf_layout_unit(xml, domain, outer);
        g_autofree char *laid_out = g_strconcat(blank, unit, feature, NULL);

        conf_xml_insert(xml, span->tag_end, laid_out);
    } else {
        conf_xml_insert(xml, middle, feature);
    }
}

static void raise_into(ConfXml *xml, const ConfXmlElement *domain, const ConfXmlElement *list, const char *feature)
{
    const ConfXmlSpan *span = conf_xml_span(list);
    guint32 trace = is_empty_tag(span) ? 0 : find_trace_in(xml, list);

    if (trace)
        conf_xml_insert(xml, trace, feature);
    else if (conf_xml_first_element(list))
        insert_last(xml, list, feature);
    else if (!is_empty_tag(span) && conf_xml_gap(xml, span->content_end) == span->tag_end)
        insert_into_blank(xml, domain, list, feature);
    else
        insert_first(xml, list, feature);
}

static void remove_carrier(ConfXml *xml, const ConfXmlElement *carrier)
{
    const ConfXmlSpan *span = conf_xml_span(carrier);
    const ConfXmlSpan *metadata = conf_xml_span(conf_xml_parent(carrier));
    guint32 gap = conf_xml_gap_before(xml, carrier);
    gboolean alone = gap == metadata->tag_end && conf_xml_gap(xml, metadata->content_end) == span->end;

    if (alone && (gap == span->start) == (span->end == metadata->content_end))
        conf_xml_remove(xml, conf_xml_gap_before(xml, conf_xml_parent(carrier)), metadata->end);
    else
        conf_xml_remove(xml, gap, span->end);
}

void conf_feature_raise(ConfXml *xml, const ConfXmlElement *domain, const ConfFeature *feature)
{
    const ConfXmlElement *list = conf_xml_child(domain, "features");
    g_autofree char *raised = feature_text(xml, domain, feature->state);

    remove_carrier(xml, feature->carrier);
    if (list) {
        raise_into(xml, domain, list, raised);
    } else {
        g_auto(Position) position = { 0 };
        g_autofree char *made = NULL;

        find_position(xml, domain, before_features, &position);
        made = wrap(&position, "features", raised);
        conf_xml_insert(xml, position.at, made);
    }
}
