/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/raised.h"

#include <string.h>

/* The hash covers this many bytes: they contain the name and the UUID of libvirt's XML. */
#define HASHED_MAX 256u

typedef struct {
    RpcHeader header;
    GBytes *payload; /* payload of libvirt's reply; NULL: the slot is empty */
    GBytes *raised;
} Slot;

struct _RemoteRaised {
    Slot slots[REMOTE_RAISED_SLOTS];
};

RemoteRaised *remote_raised_new(void)
{
    return g_new0(RemoteRaised, 1);
}

static void clear(Slot *slot)
{
    g_clear_pointer(&slot->payload, g_bytes_unref);
    g_clear_pointer(&slot->raised, g_bytes_unref);
}

void remote_raised_free(RemoteRaised *raised)
{
    for (guint i = 0; i < REMOTE_RAISED_SLOTS; i++)
        clear(&raised->slots[i]);
    g_free(raised);
}

/* Returns: the slot of a payload. A client that causes collisions only empties slots. */
static guint find_slot(gint32 procedure, const guint8 *payload, gsize length)
{
    g_autoptr(GBytes) head = g_bytes_new_static(payload, MIN(length, HASHED_MAX));

    return (g_bytes_hash(head) ^ (guint)length ^ (guint)procedure) % REMOTE_RAISED_SLOTS;
}

static gboolean is_same(const Slot *slot, const RpcHeader *header, const guint8 *payload, gsize length)
{
    const RpcHeader *kept = &slot->header;

    return g_bytes_get_size(slot->payload) == length && kept->program == header->program &&
           kept->version == header->version && kept->procedure == header->procedure && kept->type == header->type &&
           kept->status == header->status && memcmp(g_bytes_get_data(slot->payload, NULL), payload, length) == 0;
}

/* Returns: whether the XML has the password of a domain's display, which libvirt shows on request. */
static gboolean has_password(const guint8 *payload, gsize length)
{
    return memmem(payload, length, "passwd", strlen("passwd")) != NULL;
}

void remote_raised_keep(RemoteRaised *raised, const GByteArray *frame, GBytes *payload)
{
    const guint8 *original = frame->data + RPC_FRAME_HEAD;
    const gsize length = frame->len - RPC_FRAME_HEAD;
    RpcHeader header;
    Slot *slot;

    if (length > REMOTE_RAISED_MAX || g_bytes_get_size(payload) > REMOTE_RAISED_MAX || has_password(original, length) ||
        !rpc_header_decode(frame->data, &header, NULL))
        return;
    slot = &raised->slots[find_slot(header.procedure, original, length)];
    clear(slot);
    *slot = (Slot){ header, g_bytes_new(original, length), g_bytes_ref(payload) };
}

GByteArray *remote_raised_find(const RemoteRaised *raised, const RpcHeader *header, const guint8 *payload, gsize length)
{
    const Slot *slot;

    if (!raised || length > REMOTE_RAISED_MAX)
        return NULL;
    slot = &raised->slots[find_slot(header->procedure, payload, length)];
    if (!slot->payload || !is_same(slot, header, payload, length))
        return NULL;
    return rpc_frame_new(header, g_bytes_get_data(slot->raised, NULL), g_bytes_get_size(slot->raised));
}
