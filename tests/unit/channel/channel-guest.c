/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See channel-guest.h. */
#include "channel-guest.h"

#include <stdlib.h>
#include <string.h>

#include "util/endian.h"

#define PAGE 4096

static guint8 *map(void *opaque, guint64 address, gsize length, gboolean write, gsize *ret_length)
{
    ChannelGuest *guest = opaque;

    for (guint i = 0; i < guest->n_pieces; i++) {
        const ChannelPiece *piece = &guest->pieces[i];

        if (address < piece->address || address - piece->address >= piece->size)
            continue;
        if (write && piece->read_only)
            return NULL;
        *ret_length = MIN(length, piece->size - (address - piece->address));
        return piece->host + (address - piece->address);
    }
    return NULL;
}

void channel_guest_init(ChannelGuest *guest)
{
    *guest = (ChannelGuest){ .memory = { map, guest } };
}

void channel_guest_clear(ChannelGuest *guest)
{
    for (guint i = 0; i < guest->n_pieces; i++)
        free(guest->pieces[i].host);
    guest->n_pieces = 0;
}

ChannelPiece *channel_guest_add(ChannelGuest *guest, guint64 address, gsize size)
{
    ChannelPiece *piece = &guest->pieces[guest->n_pieces++];

    g_assert_cmpuint(guest->n_pieces, <=, CHANNEL_GUEST_PIECES);
    *piece = (ChannelPiece){ .address = address, .size = size, .host = aligned_alloc(PAGE, size) };
    g_assert_nonnull(piece->host);
    memset(piece->host, 0, size);
    return piece;
}

guint8 *channel_guest_at(ChannelGuest *guest, guint64 address)
{
    for (guint i = 0; i < guest->n_pieces; i++) {
        if (address >= guest->pieces[i].address && address - guest->pieces[i].address < guest->pieces[i].size)
            return guest->pieces[i].host + (address - guest->pieces[i].address);
    }
    g_error("no storage at guest address 0x%" G_GINT64_MODIFIER "x", address);
}

void channel_guest_put_ccw(ChannelGuest *guest, guint32 at, guint8 cmd, guint8 flags, guint16 count, guint32 cda)
{
    guint8 *ccw = channel_guest_at(guest, at);

    ccw[CCW_OFS_CMD] = cmd;
    ccw[CCW_OFS_FLAGS] = flags;
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, cda);
}

gboolean channel_guest_find(const ChannelGuest *guest, guint64 host, gsize length, guint64 *ret_address)
{
    for (guint i = 0; i < guest->n_pieces; i++) {
        guint64 start = (guint64)(guintptr)guest->pieces[i].host;

        if (host >= start && host - start < guest->pieces[i].size && length <= guest->pieces[i].size - (host - start)) {
            *ret_address = guest->pieces[i].address + (host - start);
            return TRUE;
        }
    }
    return FALSE;
}

static const char *check_list(const ChannelGuest *guest, const guint64 *list, guint count, guint block)
{
    guint left = count;
    guint64 unused;

    for (guint n = 0; left; n++) {
        guint length = MIN(left, block - (guint)(list[n] & (block - 1)));

        if (list[n] == 0)
            return NULL; /* the device reports a program check if it reaches this address */
        if (n && list[n] & (block - 1))
            return "an entry of a list is not at a block's start";
        if (!channel_guest_find(guest, list[n], length, &unused))
            return "an entry of a list is outside of the guest's storage";
        left -= length;
    }
    return NULL;
}

static const char *check_tic(const CcwCmdRequest *request, const ChannelProgram *program, guint32 cda)
{
    if (cda % CCW_SIZE || cda / CCW_SIZE >= request->ccw_count)
        return "a TIC leads out of the program";
    return program->ccw[cda / CCW_SIZE][CCW_OFS_CMD] == CCW_CMD_TIC ? "a TIC leads to a TIC" : NULL;
}

static const char *check_ccw(const ChannelGuest *guest, const CcwCmdRequest *request, guint i)
{
    const ChannelProgram *program = (const ChannelProgram *)(guintptr)request->program;
    guint32 orb = ccw_load_be32(request->orb + CHANNEL_ORB_OFS_FLAGS);
    guint block = (orb & (CHANNEL_ORB_C64 | CHANNEL_ORB_T2K)) == CHANNEL_ORB_C64 ? 4096 : 2048;
    const guint8 *ccw = program->ccw[i];
    guint16 count = ccw_load_be16(ccw + CCW_OFS_COUNT);
    guint32 cda = ccw_load_be32(ccw + CCW_OFS_CDA);
    guint64 unused;

    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC && ccw[CCW_OFS_FLAGS] == 0 && count == 0 &&
        cda != CHANNEL_PROGRAM_CDA_OFS + i * sizeof(guint64))
        return check_tic(request, program, cda);
    if (cda != CHANNEL_PROGRAM_CDA_OFS + i * sizeof(guint64))
        return "the address of a CCW is not that of its entry";
    if (program->cda[i] == 0)
        return NULL;
    if (ccw[CCW_OFS_FLAGS] & CCW_FLAG_IDA)
        return check_list(guest, (const guint64 *)(guintptr)program->cda[i], count, block);
    return channel_guest_find(guest, program->cda[i], count, &unused) ? NULL : "data outside of the guest's storage";
}

const char *channel_guest_check(const ChannelGuest *guest, const CcwCmdRequest *request)
{
    if (request->argsz != sizeof(*request) || request->ccw_count < 1 || request->ccw_count > CHANNEL_PROGRAM_MAX)
        return "a malformed request";
    if (ccw_load_be32(request->orb + CHANNEL_ORB_OFS_CPA) != 0)
        return "the program does not start at its start";
    for (guint i = 0; i < request->ccw_count; i++) {
        const char *verdict = check_ccw(guest, request, i);

        if (verdict)
            return verdict;
    }
    return NULL;
}
