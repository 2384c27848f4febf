/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits an XML text: first records all edits, then applies them, so that offsets are those of the original text. */
#include <string.h>

#include "conf/xml.h"

GString *conf_xml_edit(ConfXml *xml, guint32 start, guint32 end)
{
    if (!xml->edit_text)
        xml->edit_text = g_string_sized_new(xml->length / 4); /* about the most that raise inserts */
    if (xml->edits_count == xml->edits_capacity) {
        xml->edits_capacity = MAX(2 * xml->edits_capacity, 256);
        xml->edits = g_renew(ConfXmlEdit, xml->edits, xml->edits_capacity);
    }
    xml->edits[xml->edits_count] = (ConfXmlEdit){ start, end, xml->edits_count, xml->edit_text->len };
    xml->edits_count++;
    return xml->edit_text;
}

void conf_xml_replace_n(ConfXml *xml, guint32 start, guint32 end, const char *with, gsize length)
{
    g_string_append_len(conf_xml_edit(xml, start, end), with, (gssize)length);
}

void conf_xml_replace(ConfXml *xml, guint32 start, guint32 end, const char *with)
{
    conf_xml_replace_n(xml, start, end, with, strlen(with));
}

void conf_xml_insert(ConfXml *xml, guint32 at, const char *with)
{
    conf_xml_replace(xml, at, at, with);
}

void conf_xml_remove(ConfXml *xml, guint32 start, guint32 end)
{
    conf_xml_edit(xml, start, end);
}

gboolean conf_xml_is_edited(const ConfXml *xml)
{
    return xml->edits_count > 0;
}

/* Orders by offset. At the same offset, an insertion goes before a replacement. */
static int compare(gconstpointer a, gconstpointer b, gpointer data G_GNUC_UNUSED)
{
    const ConfXmlEdit *x = a;
    const ConfXmlEdit *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if ((x->start == x->end) != (y->start == y->end))
        return x->start == x->end ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static gboolean are_sorted(const ConfXml *xml)
{
    for (guint32 i = 1; i < xml->edits_count; i++)
        if (compare(&xml->edits[i - 1], &xml->edits[i], NULL) > 0)
            return FALSE;
    return TRUE;
}

/* Returns the edits in the order of the text, or NULL if they have that order already, as most do. */
static ConfXmlEdit *sort(const ConfXml *xml)
{
    ConfXmlEdit *sorted;

    if (are_sorted(xml))
        return NULL;
    sorted = g_new(ConfXmlEdit, xml->edits_count);
    memcpy(sorted, xml->edits, xml->edits_count * sizeof(*sorted));
    g_qsort_with_data(sorted, (int)xml->edits_count, sizeof(*sorted), compare, NULL);
    return sorted;
}

static gsize with_length(const ConfXml *xml, const ConfXmlEdit *edit)
{
    gsize end = edit->order + 1 < xml->edits_count ? xml->edits[edit->order + 1].with : xml->edit_text->len;

    return end - edit->with;
}

/* Returns the length of the text after these sorted edits. Overlapping edits would write more: hence the assertion. */
static gsize new_length(const ConfXml *xml, const ConfXmlEdit *edits)
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

char *conf_xml_apply(const ConfXml *xml)
{
    g_autofree ConfXmlEdit *sorted = sort(xml);
    const ConfXmlEdit *edits = sorted ? sorted : xml->edits;
    const gsize length = new_length(xml, edits);
    char *text = g_malloc(length + 1);
    char *out = text;
    guint32 done = 0;

    for (guint32 i = 0; i < xml->edits_count; i++) {
        const ConfXmlEdit *edit = &edits[i];

        out = append(out, xml->text + done, edit->start - done);
        out = append(out, xml->edit_text->str + edit->with, with_length(xml, edit));
        done = edit->end;
    }
    out = append(out, xml->text + done, xml->length - done);
    g_assert(out == text + length);
    *out = '\0';
    return text;
}
