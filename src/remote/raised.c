/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/raised.h"

#include <string.h>

/* The first bytes of libvirt's XML have the name and the UUID. */
#define HASHED_MAX 256u

typedef struct {
    CcwHeader header;
    GBytes *payload; /* of that reply; NULL: the slot is empty */
    GBytes *raised;
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
    g_clear_pointer(&slot->payload, g_bytes_unref);
    g_clear_pointer(&slot->raised, g_bytes_unref);
}

void ccw_raised_free(CcwRaised *raised)
{
    for (guint i = 0; i < CCW_RAISED_SLOTS; i++)
        clear(&raised->slots[i]);
    g_free(raised);
}

/* A client that causes collisions only empties slots. */
static guint find_slot(gint32 procedure, const guint8 *payload, gsize length)
{
    g_autoptr(GBytes) head = g_bytes_new_static(payload, MIN(length, HASHED_MAX));

    return (g_bytes_hash(head) ^ (guint)length ^ (guint)procedure) % CCW_RAISED_SLOTS;
}

static gboolean is_same(const Slot *slot, const CcwHeader *header, const guint8 *payload, gsize length)
{
    const CcwHeader *kept = &slot->header;

    return g_bytes_get_size(slot->payload) == length && kept->program == header->program &&
           kept->version == header->version && kept->procedure == header->procedure && kept->type == header->type &&
           kept->status == header->status && memcmp(g_bytes_get_data(slot->payload, NULL), payload, length) == 0;
}

/* libvirt writes the passwords of a domain's displays on request. */
static gboolean has_password(const guint8 *payload, gsize length)
{
    return memmem(payload, length, "passwd", strlen("passwd")) != NULL;
}

void ccw_raised_keep(CcwRaised *raised, const GByteArray *frame, GBytes *payload)
{
    const guint8 *original = frame->data + CCW_FRAME_HEAD;
    const gsize length = frame->len - CCW_FRAME_HEAD;
    CcwHeader header;
    Slot *slot;

    if (length > CCW_RAISED_MAX || g_bytes_get_size(payload) > CCW_RAISED_MAX || has_password(original, length) ||
        !ccw_header_decode(frame->data, &header, NULL))
        return;
    slot = &raised->slots[find_slot(header.procedure, original, length)];
    clear(slot);
    *slot = (Slot){ header, g_bytes_new(original, length), g_bytes_ref(payload) };
}

GByteArray *ccw_raised_find(const CcwRaised *raised, const CcwHeader *header, const guint8 *payload, gsize length)
{
    const Slot *slot;

    if (!raised || length > CCW_RAISED_MAX)
        return NULL;
    slot = &raised->slots[find_slot(header->procedure, payload, length)];
    if (!slot->payload || !is_same(slot, header, payload, length))
        return NULL;
    return ccw_frame_new(header, g_bytes_get_data(slot->raised, NULL), g_bytes_get_size(slot->raised));
}
