/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/raised.h"

#include <string.h>

/* The first bytes of libvirt's XML have the name and the UUID. */
#define HASHED_MAX 256u

typedef struct {
    GByteArray *frame; /* NULL: the slot is empty */
    GByteArray *raised;
} Slot;

struct _CcwRaised {
    Slot slots[CCW_RAISED_SLOTS];
};

CcwRaised *ccw_raised_new(void)
{
    return g_new0(CcwRaised, 1);
}

static void clear(Slot *slot)
{
    g_clear_pointer(&slot->frame, g_byte_array_unref);
    g_clear_pointer(&slot->raised, g_byte_array_unref);
}

void ccw_raised_free(CcwRaised *raised)
{
    for (guint i = 0; i < CCW_RAISED_SLOTS; i++)
        clear(&raised->slots[i]);
    g_free(raised);
}

/* FNV-1a, with the procedure and the length as the first bytes. Who makes them meet only has replies raised again. */
static guint find_slot(gint32 procedure, const guint8 *payload, gsize length)
{
    const guint32 prime = 16777619;
    guint32 hash = (2166136261u ^ (guint32)procedure) * prime;

    hash = (hash ^ (guint32)length) * prime;
    for (gsize i = 0; i < MIN(length, HASHED_MAX); i++)
        hash = (hash ^ payload[i]) * prime;
    return hash % CCW_RAISED_SLOTS;
}

static gboolean is_same(const GByteArray *frame, const CcwHeader *header, const guint8 *payload, gsize length)
{
    CcwHeader kept;

    return frame->len == CCW_FRAME_HEAD + length && ccw_header_decode(frame->data, &kept, NULL) &&
           kept.program == header->program && kept.version == header->version && kept.procedure == header->procedure &&
           kept.type == header->type && kept.status == header->status &&
           memcmp(frame->data + CCW_FRAME_HEAD, payload, length) == 0;
}

void ccw_raised_keep(CcwRaised *raised, GByteArray *frame, GByteArray *raised_frame)
{
    const gsize length = frame->len - CCW_FRAME_HEAD;
    CcwHeader header;
    Slot *slot;

    if (MAX(frame->len, raised_frame->len) > CCW_FRAME_HEAD + CCW_RAISED_MAX ||
        !ccw_header_decode(frame->data, &header, NULL))
        return;
    slot = &raised->slots[find_slot(header.procedure, frame->data + CCW_FRAME_HEAD, length)];
    clear(slot);
    slot->frame = g_byte_array_ref(frame);
    slot->raised = g_byte_array_ref(raised_frame);
}

GByteArray *ccw_raised_find(const CcwRaised *raised, const CcwHeader *header, const guint8 *payload, gsize length)
{
    const Slot *slot;

    if (!raised || length > CCW_RAISED_MAX)
        return NULL;
    slot = &raised->slots[find_slot(header->procedure, payload, length)];
    if (!slot->frame || !is_same(slot->frame, header, payload, length))
        return NULL;
    return ccw_frame_new(header, slot->raised->data + CCW_FRAME_HEAD, slot->raised->len - CCW_FRAME_HEAD);
}
