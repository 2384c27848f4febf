/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of an XML text: collected first, made all at once, so that offsets stay those of the original. */
#include <string.h>

#include "conf/ccw-xml.h"

typedef struct {
    guint32 start, end;
    gsize with;  /* where its text starts in edit_text; it ends where that of the next one starts */
    guint order; /* as asked for: g_array_sort is not stable */
} Edit;

GString *ccw_xml_edit(CcwXml *xml, guint32 start, guint32 end)
{
    Edit edit = { .start = start, .end = end };

    if (!xml->edits) {
        xml->edits = g_array_new(FALSE, FALSE, sizeof(Edit));
        xml->edit_text = g_string_new(NULL);
    }
    edit.with = xml->edit_text->len;
    edit.order = xml->edits->len;
    g_array_append_val(xml->edits, edit);
    return xml->edit_text;
}

void ccw_xml_replace(CcwXml *xml, guint32 start, guint32 end, const char *with)
{
    g_string_append(ccw_xml_edit(xml, start, end), with);
}

void ccw_xml_insert(CcwXml *xml, guint32 at, const char *what)
{
    ccw_xml_replace(xml, at, at, what);
}

void ccw_xml_remove(CcwXml *xml, guint32 start, guint32 end)
{
    ccw_xml_replace(xml, start, end, "");
}

gboolean ccw_xml_is_edited(const CcwXml *xml)
{
    return xml->edits != NULL;
}

/* By place; an insertion goes before a replacement that begins where it is. */
static int compare(gconstpointer a, gconstpointer b)
{
    const Edit *x = a;
    const Edit *y = b;

    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    if ((x->start == x->end) != (y->start == y->end))
        return x->start == x->end ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

/* In the order of the text. Most are asked for in that order. */
static GArray *sort(const GArray *edits)
{
    GArray *sorted = g_array_sized_new(FALSE, FALSE, sizeof(Edit), edits->len);

    g_array_append_vals(sorted, edits->data, edits->len);
    for (guint i = 1; i < sorted->len; i++) {
        if (compare(&g_array_index(sorted, Edit, i - 1), &g_array_index(sorted, Edit, i)) > 0) {
            g_array_sort(sorted, compare);
            break;
        }
    }
    return sorted;
}

static void append_with(GString *out, const CcwXml *xml, const Edit *edit)
{
    gsize end = xml->edit_text->len;

    if (edit->order + 1 < xml->edits->len)
        end = g_array_index(xml->edits, Edit, edit->order + 1).with;
    g_string_append_len(out, xml->edit_text->str + edit->with, (gssize)(end - edit->with));
}

char *ccw_xml_apply(const CcwXml *xml)
{
    g_autoptr(GString) out = NULL;
    g_autoptr(GArray) sorted = NULL;
    guint32 done = 0;

    if (!xml->edits)
        return g_strndup(xml->text, xml->length);
    out = g_string_sized_new(xml->length + xml->edit_text->len + 1);
    sorted = sort(xml->edits);
    for (guint i = 0; i < sorted->len; i++) {
        const Edit *edit = &g_array_index(sorted, Edit, i);

        g_assert(edit->start >= done && edit->end <= xml->length);
        g_string_append_len(out, xml->text + done, edit->start - done);
        append_with(out, xml, edit);
        done = edit->end;
    }
    g_string_append_len(out, xml->text + done, (gssize)(xml->length - done));
    return g_string_free(g_steal_pointer(&out), FALSE);
}
