/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Edits of an XML text: collected first, made all at once, so that offsets stay those of the original. */
#include <string.h>

#include "conf/ccw-xml.h"

typedef struct {
    guint32 start, end;
    char *with;
    guint order; /* as asked for: g_array_sort is not stable */
} Edit;

static void edit_clear(gpointer edit)
{
    g_free(((Edit *)edit)->with);
}

void ccw_xml_replace(CcwXml *xml, guint32 start, guint32 end, const char *with)
{
    Edit edit = { .start = start, .end = end };

    if (!xml->edits) {
        xml->edits = g_array_new(FALSE, FALSE, sizeof(Edit));
        g_array_set_clear_func(xml->edits, edit_clear);
    }
    edit.with = g_strdup(with);
    edit.order = xml->edits->len;
    g_array_append_val(xml->edits, edit);
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

/* They were asked for in document order, mostly. */
static void sort(GArray *edits)
{
    for (guint i = 1; i < edits->len; i++) {
        if (compare(&g_array_index(edits, Edit, i - 1), &g_array_index(edits, Edit, i)) > 0) {
            g_array_sort(edits, compare);
            return;
        }
    }
}

char *ccw_xml_apply(const CcwXml *xml)
{
    g_autoptr(GString) out = g_string_sized_new(xml->length + 256);
    guint32 done = 0;

    if (!xml->edits)
        return g_strndup(xml->text, xml->length);
    sort(xml->edits);
    for (guint i = 0; i < xml->edits->len; i++) {
        const Edit *edit = &g_array_index(xml->edits, Edit, i);

        g_assert(edit->start >= done && edit->end <= xml->length);
        g_string_append_len(out, xml->text + done, edit->start - done);
        g_string_append(out, edit->with);
        done = edit->end;
    }
    g_string_append_len(out, xml->text + done, (gssize)(xml->length - done));
    return g_string_free(g_steal_pointer(&out), FALSE);
}
