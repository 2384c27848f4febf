/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The feature's way between <features> and <metadata>, as edits of the text.
 *
 * The layout has to survive two journeys: raise(lower(x)) is x, although nothing says where the feature stood, and
 * lower(raise(y)) is y for what libvirt prints, although libvirt writes metadata in its own way and drops a <features>
 * and a <metadata> with nothing in them. Therefore:
 *
 * - The carrier is written as libxml2, and so libvirt, writes it: in double quotes, the namespace first. The feature
 *   has the quotes of the domain's own start tag.
 * - There is one place where raise puts a feature that left no trace: after the last child of <features>, or in a new
 *   <features> where libvirt's formatter has it, laid out by lines if the domain is.
 * - If the feature stands exactly so, lower removes it with the white space, or <features>, that raise adds again.
 *   If not, lower takes the element alone away. The line of mere blanks that is left is the trace: raise puts the
 *   feature there. In a <features> without line breaks, that is the middle of its blanks.
 * - <metadata> likewise: after the last child, or in a new one where libvirt has it, which raise removes again. In a
 *   <metadata> that was there and empty, the carrier follows its start tag without white space, which tells the two
 * apart.
 */
#include <string.h>

#include "conf/feature.h"
#include "conf/layout.h"

/* What libvirt's formatter writes before <metadata>, and before <features> (virDomainDefFormatInternalSetRootName). */
static const char *const before_metadata[] = { "name", "uuid", "hwuuid", "genid", "title", "description", NULL };
static const char *const before_features[] = {
    "name",      "uuid",     "hwuuid",        "genid",       "title",           "description",
    "maxMemory", "memory",   "currentMemory", "blkiotune",   "memtune",         "memoryBacking",
    "vcpu",      "vcpus",    "iothreads",     "iothreadids", "defaultiothread", "cputune",
    "numatune",  "resource", "sysinfo",       "bootloader",  "bootloader_args", "os",
    "idmap",     NULL,
};

/* Where a new child of the domain goes, and the white space in front of it. */
typedef struct {
    guint32 at;
    char *outer;
    char *unit; /* what a level of depth adds to it */
} Place;

static void place_clear(Place *place)
{
    g_free(place->outer);
    g_free(place->unit);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static char *text_of(const CcwXml *xml, guint32 start, guint32 end)
{
    return g_strndup(xml->text + start, end - start);
}

static gboolean is_one_of(const CcwXmlElement *element, const char *const *names)
{
    for (; *names; names++)
        if (ccw_xml_is(element, *names))
            return TRUE;
    return FALSE;
}

static void find_place(const CcwXml *xml, const CcwXmlElement *domain, const char *const *before, Place *ret_place)
{
    const CcwXmlElement *model = ccw_xml_first_element(domain);
    const CcwXmlElement *anchor = NULL;

    for (const CcwXmlElement *child = model; child; child = ccw_xml_next_element(child))
        if (is_one_of(child, before))
            anchor = child;
    if (anchor)
        model = anchor;
    ret_place->at = anchor ? ccw_xml_span(anchor)->end : ccw_xml_span(domain)->tag_end;
    ret_place->outer = model ? ccw_layout_gap(xml, model) : g_strdup("");
    ret_place->unit = ccw_layout_unit(xml, domain, ret_place->outer);
}

static char *wrap(const Place *place, const char *name, const char *inner)
{
    return g_strdup_printf("%s<%s>%s%s%s%s</%s>", place->outer, name, place->outer, place->unit, inner, place->outer,
                           name);
}

static const char *state_name(CcwMapCss state)
{
    return state == CCW_MAP_CSS_OFF ? "off" : "on";
}

static char *carrier_text(CcwMapCss state)
{
    return g_strdup_printf("<ccw:s390-map-css xmlns:ccw=\"" CCW_CONF_NAMESPACE "\" state=\"%s\"/>", state_name(state));
}

static char *feature_text(const CcwXml *xml, const CcwXmlElement *domain, CcwMapCss state)
{
    char quote = ccw_layout_quote(xml, domain);

    return g_strdup_printf("<s390-map-css state=%c%s%c/>", quote, state_name(state), quote);
}

static gboolean is_empty_tag(const CcwXmlSpan *span)
{
    return span->tag_end == span->end;
}

/* Puts what between the tags of an element that is empty, or at the start of its content. */
static void insert_first(CcwXml *xml, const CcwXmlElement *element, const char *what)
{
    const CcwXmlSpan *span = ccw_xml_span(element);

    if (is_empty_tag(span)) {
        g_autofree char *name = ccw_xml_name(element);
        g_autofree char *opened = g_strdup_printf(">%s</%s>", what, name);

        ccw_xml_replace(xml, span->tag_end - 2, span->tag_end, opened);
    } else {
        ccw_xml_insert(xml, span->tag_end, what);
    }
}

/* Puts what after the last child, laid out as the first is. */
static void insert_last(CcwXml *xml, const CcwXmlElement *element, const char *what)
{
    g_autofree char *gap = ccw_layout_gap(xml, ccw_xml_first_element(element));
    g_autofree char *laid_out = g_strconcat(gap, what, NULL);

    ccw_xml_insert(xml, ccw_xml_span(ccw_xml_last_element(element))->end, laid_out);
}

/* Does the whole <features> stand where raise would make it, and is it what raise would write? */
static gboolean raise_makes_list(const CcwXml *xml, const CcwXmlElement *domain, const CcwXmlElement *list,
                                 const char *feature)
{
    const CcwXmlSpan *span = ccw_xml_span(list);
    guint32 gap = ccw_xml_gap_before(xml, list);
    g_auto(Place) place = { 0 };
    g_autofree char *made = NULL;

    find_place(xml, domain, before_features, &place);
    made = wrap(&place, "features", feature);
    return gap == place.at && span->end - gap == strlen(made) && memcmp(xml->text + gap, made, strlen(made)) == 0;
}

/* Is the feature the last child of <features>, as insert_last would put it? */
static gboolean raise_appends(const CcwXml *xml, const CcwXmlElement *node, const char *feature)
{
    const CcwXmlSpan *span = ccw_xml_span(node);
    const CcwXmlElement *previous = ccw_xml_previous_element(node);
    g_autofree char *is = ccw_layout_gap(xml, node);
    g_autofree char *first = ccw_layout_gap(xml, ccw_xml_first_element(ccw_xml_parent(node)));

    return previous && !ccw_xml_next_element(node) && strcmp(is, first) == 0 &&
           ccw_xml_gap_before(xml, node) == ccw_xml_span(previous)->end && span->end - span->start == strlen(feature) &&
           memcmp(xml->text + span->start, feature, strlen(feature)) == 0;
}

void ccw_feature_lower(CcwXml *xml, const CcwXmlElement *domain, const CcwFeature *feature)
{
    const CcwXmlElement *node = feature->feature;
    const CcwXmlElement *list = ccw_xml_parent(node);
    const CcwXmlSpan *span = ccw_xml_span(node);
    const CcwXmlElement *metadata = ccw_xml_child(domain, "metadata");
    g_autofree char *carrier = carrier_text(feature->state);
    g_autofree char *raised = feature_text(xml, domain, feature->state);

    if (raise_makes_list(xml, domain, list, raised))
        ccw_xml_remove(xml, ccw_xml_gap_before(xml, list), ccw_xml_span(list)->end);
    else if (raise_appends(xml, node, raised))
        ccw_xml_remove(xml, ccw_xml_gap_before(xml, node), span->end);
    else
        ccw_xml_remove(xml, span->start, span->end);

    if (!metadata) {
        g_auto(Place) place = { 0 };
        g_autofree char *made = NULL;

        find_place(xml, domain, before_metadata, &place);
        made = wrap(&place, "metadata", carrier);
        ccw_xml_insert(xml, place.at, made);
    } else if (ccw_xml_first_element(metadata)) {
        insert_last(xml, metadata, carrier);
    } else {
        insert_first(xml, metadata, carrier);
    }
}

/* The end of "line break, blanks" in start..end if another line break follows. 0 if there is no such. */
static guint32 find_trace(const CcwXml *xml, guint32 start, guint32 end)
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

static guint32 find_trace_in(const CcwXml *xml, const CcwXmlElement *list)
{
    guint32 end = ccw_xml_span(list)->content_end;
    guint32 trace = 0;

    for (const CcwXmlElement *n = ccw_xml_first_element(list); n && !trace; n = ccw_xml_next_element(n))
        trace = find_trace(xml, ccw_xml_gap_before(xml, n), ccw_xml_span(n)->start);
    return trace ? trace : find_trace(xml, ccw_xml_gap(xml, end), end);
}

/* Into a <features> with nothing but white space in it. */
static void insert_into_blank(CcwXml *xml, const CcwXmlElement *domain, const CcwXmlElement *list, const char *feature)
{
    const CcwXmlSpan *span = ccw_xml_span(list);
    g_autofree char *blank = text_of(xml, span->tag_end, span->content_end);
    guint32 middle = span->tag_end + (span->content_end - span->tag_end) / 2;

    if (strchr(blank, '\n')) {
        g_autofree char *outer = ccw_layout_gap(xml, list);
        g_autofree char *unit = ccw_layout_unit(xml, domain, outer);
        g_autofree char *laid_out = g_strconcat(blank, unit, feature, NULL);

        ccw_xml_insert(xml, span->tag_end, laid_out);
    } else {
        ccw_xml_insert(xml, middle, feature);
    }
}

static void raise_into(CcwXml *xml, const CcwXmlElement *domain, const CcwXmlElement *list, const char *feature)
{
    const CcwXmlSpan *span = ccw_xml_span(list);
    guint32 trace = is_empty_tag(span) ? 0 : find_trace_in(xml, list);

    if (trace)
        ccw_xml_insert(xml, trace, feature);
    else if (ccw_xml_first_element(list))
        insert_last(xml, list, feature);
    else if (!is_empty_tag(span) && ccw_xml_gap(xml, span->content_end) == span->tag_end)
        insert_into_blank(xml, domain, list, feature);
    else
        insert_first(xml, list, feature);
}

static void remove_carrier(CcwXml *xml, const CcwXmlElement *carrier)
{
    const CcwXmlSpan *span = ccw_xml_span(carrier);
    const CcwXmlSpan *metadata = ccw_xml_span(ccw_xml_parent(carrier));
    guint32 gap = ccw_xml_gap_before(xml, carrier);
    gboolean alone = gap == metadata->tag_end && ccw_xml_gap(xml, metadata->content_end) == span->end;

    if (alone && (gap == span->start) == (span->end == metadata->content_end))
        ccw_xml_remove(xml, ccw_xml_gap_before(xml, ccw_xml_parent(carrier)), metadata->end);
    else
        ccw_xml_remove(xml, gap, span->end);
}

void ccw_feature_raise(CcwXml *xml, const CcwXmlElement *domain, const CcwFeature *feature)
{
    const CcwXmlElement *list = ccw_xml_child(domain, "features");
    g_autofree char *raised = feature_text(xml, domain, feature->state);

    remove_carrier(xml, feature->carrier);
    if (list) {
        raise_into(xml, domain, list, raised);
    } else {
        g_auto(Place) place = { 0 };
        g_autofree char *made = NULL;

        find_place(xml, domain, before_features, &place);
        made = wrap(&place, "features", raised);
        ccw_xml_insert(xml, place.at, made);
    }
}
