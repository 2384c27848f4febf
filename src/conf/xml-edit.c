/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of an XML text: collected first, made all at once, so that offsets stay those of the original. */
#include <string.h>

#include "conf/xml.h"

GString *ccw_xml_edit(CcwXml *xml, guint32 start, guint32 end)
{
    if (!xml->edit_text)
        xml->edit_text = g_string_sized_new(xml->length / 4); /* about what raise puts in where all is ours */
    if (xml->edits_count == xml->edits_room) {
        xml->edits_room = MAX(2 * xml->edits_room, 256);
        xml->edits = g_renew(CcwXmlEdit, xml->edits, xml->edits_room);
    }
    xml->edits[xml->edits_count] = (CcwXmlEdit){ start, end, xml->edits_count, xml->edit_text->len };
    xml->edits_count++;
    return xml->edit_text;
}

void ccw_xml_replace_n(CcwXml *xml, guint32 start, guint32 end, const char *with, gsize length)
{
    g_string_append_len(ccw_xml_edit(xml, start, end), with, (gssize)length);
}

void ccw_xml_replace(CcwXml *xml, guint32 start, guint32 end, const char *with)
{
    ccw_xml_replace_n(xml, start, end, with, strlen(with));
}

void ccw_xml_insert(CcwXml *xml, guint32 at, const char *what)
{
    ccw_xml_replace(xml, at, at, what);
}

void ccw_xml_remove(CcwXml *xml, guint32 start, guint32 end)
{
    ccw_xml_edit(xml, start, end);
}

gboolean ccw_xml_is_edited(const CcwXml *xml)
{
    return xml->edits_count > 0;
}

/* By place; an insertion goes before a replacement that begins where it is. */
static int compare(gconstpointer a, gconstpointer b, gpointer data G_GNUC_UNUSED)
{
    const CcwXmlEdit *x = a;
    const CcwXmlEdit *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if ((x->start == x->end) != (y->start == y->end))
        return x->start == x->end ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static gboolean are_sorted(const CcwXml *xml)
{
    for (guint32 i = 1; i < xml->edits_count; i++)
        if (compare(&xml->edits[i - 1], &xml->edits[i], NULL) > 0)
            return FALSE;
    return TRUE;
}

/* In the order of the text; NULL if they are so already, as most are. */
static CcwXmlEdit *sort(const CcwXml *xml)
{
    CcwXmlEdit *sorted;

    if (are_sorted(xml))
        return NULL;
    sorted = g_new(CcwXmlEdit, xml->edits_count);
    memcpy(sorted, xml->edits, xml->edits_count * sizeof(*sorted));
    g_qsort_with_data(sorted, (int)xml->edits_count, sizeof(*sorted), compare, NULL);
    return sorted;
}

static gsize with_length(const CcwXml *xml, const CcwXmlEdit *edit)
{
    gsize end = edit->order + 1 < xml->edits_count ? xml->edits[edit->order + 1].with : xml->edit_text->len;

    return end - edit->with;
}

/*
 * Returns the length of the text after these sorted edits. If two of them overlapped, that would be less than what is
 * written.
 */
static gsize new_length(const CcwXml *xml, const CcwXmlEdit *edits)
{
    gsize length = xml->length + (xml->edit_text ? xml->edit_text->len : 0);
    guint32 done = 0;

    for (guint32 i = 0; i < xml->edits_count; i++) {
        g_assert(edits[i].start >= done && edits[i].end >= edits[i].start && edits[i].end <= xml->length);
        length -= edits[i].end - edits[i].start;
        done = edits[i].end;
    }
    return length;
}

static char *append(char *out, const char *text, gsize length)
{
    memcpy(out, text, length);
    return out + length;
}

char *ccw_xml_apply(const CcwXml *xml)
{
    g_autofree CcwXmlEdit *sorted = sort(xml);
    const CcwXmlEdit *edits = sorted ? sorted : xml->edits;
    const gsize length = new_length(xml, edits);
    char *text = g_malloc(length + 1);
    char *out = text;
    guint32 done = 0;

    for (guint32 i = 0; i < xml->edits_count; i++) {
        const CcwXmlEdit *edit = &edits[i];

        out = append(out, xml->text + done, edit->start - done);
        out = append(out, xml->edit_text->str + edit->with, with_length(xml, edit));
        done = edit->end;
    }
    out = append(out, xml->text + done, xml->length - done);
    g_assert(out == text + length);
    *out = '\0';
    return text;
}
