/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See channel-interpreter.h. */
#include "channel-interpreter.h"

#include <string.h>

#include "util/endian.h"

#define DSTAT_ENDS_CHAIN (CHANNEL_DSTAT_UNIT_CHECK | CHANNEL_DSTAT_UNIT_EXCEPTION)

typedef struct {
    ChannelGuest *guest;
    ToyDevice *device;
    guint32 orb;
    /* The current CCW. */
    guint32 address; /* its address */
    guint8 code;     /* as stored, before a transfer in channel or data chaining */
    guint8 flags;
    guint32 cda;
    guint32 count; /* as stored */
    guint32 left;  /* the residual count */
    guint8 cmd;    /* the command in progress: that of the CCW that began it */
    /* The status so far. */
    guint8 dstat;
    guint8 cstat;
    gboolean pci;
    gboolean wanted_more;
    gboolean first; /* the next CCW is the first of a started program */
    gboolean suspended;
    GArray *pcis; /* receives interruptions that the channel reports at once */
} Channel;

static guint64 limit(const Channel *ch)
{
    return ch->orb & CHANNEL_ORB_FORMAT1 ? 1ull << 31 : 1ull << 24;
}

/* Returns one byte of storage, NULL outside of it. *ret_read_only: whether a storage key would forbid a store. */
static guint8 *byte_at(const Channel *ch, guint64 address, gboolean *ret_read_only)
{
    for (guint i = 0; i < ch->guest->n_pieces; i++) {
        const ChannelPiece *piece = &ch->guest->pieces[i];

        if (address >= piece->address && address - piece->address < piece->size) {
            *ret_read_only = piece->read_only;
            return piece->host + (address - piece->address);
        }
    }
    return NULL;
}

/* Reads the `size` bytes of a CCW or an IDAW, which are big-endian. */
static gboolean fetch(const Channel *ch, guint64 address, guint size, guint64 *ret_value)
{
    *ret_value = 0;
    for (guint i = 0; i < size; i++) {
        gboolean unused;
        const guint8 *byte = address + i < limit(ch) ? byte_at(ch, address + i, &unused) : NULL;

        if (!byte)
            return FALSE;
        *ret_value = *ret_value << 8 | *byte;
    }
    return TRUE;
}

static gboolean is_input(guint8 cmd)
{
    return (cmd & 3) == 2 || (cmd & 15) == 4 || (cmd & 15) == 12;
}

/*
 * Finds byte `n` of the CCW's data. Chapter 15, "CCW Indirect Data Addressing": the first IDAW may name any byte of its
 * block, every other one names the first. A block is 2 KiB, or 4 KiB for format-2 IDAWs unless the ORB says otherwise.
 */
static guint8 find_byte(const Channel *ch, guint32 n, guint8 **ret_byte)
{
    gboolean wide = (ch->orb & CHANNEL_ORB_C64) != 0, read_only = FALSE;
    guint block = wide && !(ch->orb & CHANNEL_ORB_T2K) ? 4096 : 2048, size = wide ? 8 : 4;
    guint64 address = (guint64)ch->cda + n;

    if (ch->flags & CCW_FLAG_IDA) {
        guint64 first, idaw;
        guint entry;

        if (ch->cda % size || !fetch(ch, ch->cda, size, &first))
            return CHANNEL_CSTAT_PROGRAM_CHECK;
        entry = (guint)((first % block + n) / block);
        if (!fetch(ch, (guint64)ch->cda + entry * size, size, &idaw) || (!wide && idaw >> 31))
            return CHANNEL_CSTAT_PROGRAM_CHECK;
        if (entry && idaw % block)
            return CHANNEL_CSTAT_PROGRAM_CHECK;
        address = entry ? idaw + (first % block + n) % block : first + n;
    } else if (address >= limit(ch)) {
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    }
    *ret_byte = byte_at(ch, address, &read_only);
    if (!*ret_byte)
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    return read_only && is_input(ch->cmd) ? CHANNEL_CSTAT_PROTECTION_CHECK : 0;
}

static void decode(Channel *ch, guint64 raw)
{
    ch->code = (guint8)(raw >> 56);
    if (ch->orb & CHANNEL_ORB_FORMAT1) {
        ch->flags = (guint8)(raw >> 48);
        ch->count = raw >> 32 & 0xffff;
        ch->cda = (guint32)raw;
    } else {
        ch->cda = raw >> 32 & 0xffffff;
        ch->flags = (guint8)(raw >> 24);
        ch->count = raw & 0xffff;
    }
}

static gboolean is_tic(const Channel *ch)
{
    return ch->orb & CHANNEL_ORB_FORMAT1 ? ch->code == 0x08 : (ch->code & 0x0f) == 0x08;
}

/* Chapter 15, "Transfer in Channel"; chapter 16, "Program Check", for the address in the status of each. */
static gboolean transfer(Channel *ch)
{
    gboolean bad_fields = ch->orb & CHANNEL_ORB_FORMAT1 && (ch->flags || ch->count);
    guint32 target = ch->cda;
    guint64 raw;

    ch->left = 0;
    if (ch->first || bad_fields || target % 8 || target >> 31 || !fetch(ch, target, 8, &raw))
        return FALSE;
    ch->address = target;
    decode(ch, raw);
    return !is_tic(ch);
}

/* Chapter 16, "Program Check": finds an error in a CCW when it becomes current. */
static guint8 find_fault(const Channel *ch, gboolean data_chained)
{
    guint8 *byte;

    if (ch->count == 0 && (data_chained || !(ch->orb & CHANNEL_ORB_FORMAT1) || ch->flags & CCW_FLAG_CD))
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    if (ch->flags & CCW_FLAG_MIDA || ch->cda >> 31)
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    if (ch->flags & CCW_FLAG_SUSPEND && (data_chained || !(ch->orb & CHANNEL_ORB_SUSPEND)))
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    if (!data_chained && ((ch->code & 0x0f) == 0 || (ch->code & 0x0f) == 8))
        return CHANNEL_CSTAT_PROGRAM_CHECK;
    /*
     * The channel does not check the address if no data is transferred. The toy device does not support read backward.
     */
    if (ch->count == 0 || (ch->cmd == CCW_CMD_NOOP && !data_chained) || (ch->cmd & 15) == 12 ||
        (is_input(ch->cmd) && ch->flags & CCW_FLAG_SKIP))
        return 0;
    return find_byte(ch, 0, &byte);
}

/* Makes the CCW at ch->address current. */
static gboolean become_current(Channel *ch, gboolean data_chained)
{
    guint64 raw;

    if (!fetch(ch, ch->address, 8, &raw)) {
        ch->left = 0;
        ch->cstat |= CHANNEL_CSTAT_PROGRAM_CHECK;
        return FALSE;
    }
    decode(ch, raw);
    if (is_tic(ch) && !transfer(ch)) {
        ch->cstat |= CHANNEL_CSTAT_PROGRAM_CHECK;
        return FALSE;
    }
    ch->first = FALSE;
    ch->left = ch->count;
    if (!data_chained)
        ch->cmd = ch->code;
    ch->cstat |= find_fault(ch, data_chained);
    if (ch->cstat)
        return FALSE;
    ch->pci |= (ch->flags & CCW_FLAG_PCI) != 0;
    return TRUE;
}

/* Finds the next byte of data. A CCW with chain data and no count left is followed by its successor. */
static gboolean next_byte(Channel *ch, guint8 **ret_byte)
{
    if (ch->cstat)
        return FALSE;
    if (ch->left == 0) {
        if (!(ch->flags & CCW_FLAG_CD))
            return FALSE;
        ch->address += 8;
        if (!become_current(ch, TRUE))
            return FALSE;
    }
    *ret_byte = NULL;
    if (!(is_input(ch->cmd) && ch->flags & CCW_FLAG_SKIP))
        ch->cstat |= find_byte(ch, ch->count - ch->left, ret_byte);
    if (ch->cstat)
        return FALSE;
    ch->left--;
    return TRUE;
}

static gsize put(void *opaque, const void *from, gsize length)
{
    Channel *ch = opaque;
    guint8 *byte;

    for (gsize i = 0; i < length; i++) {
        if (!next_byte(ch, &byte)) {
            ch->wanted_more = TRUE;
            return i;
        }
        if (byte)
            *byte = ((const guint8 *)from)[i];
    }
    return length;
}

static gsize get(void *opaque, void *to, gsize length)
{
    Channel *ch = opaque;
    guint8 *byte;

    for (gsize i = 0; i < length; i++) {
        if (!next_byte(ch, &byte)) {
            ch->wanted_more = TRUE;
            return i;
        }
        ((guint8 *)to)[i] = *byte;
    }
    return length;
}

/* Chapter 16, "Incorrect Length"; chapter 15, "Chaining" and "Incorrect-Length-Suppression Mode". */
static void end_command(Channel *ch, gboolean immediate)
{
    gboolean suppressed = ch->flags & CCW_FLAG_SLI && !(ch->flags & CCW_FLAG_CD);

    if (!immediate && !ch->cstat && ch->left == 0 && ch->flags & CCW_FLAG_CD) {
        ch->address += 8;
        become_current(ch, TRUE);
        suppressed = ch->flags & CCW_FLAG_SLI && !(ch->flags & CCW_FLAG_CD);
    }
    if (immediate && (!(ch->orb & CHANNEL_ORB_FORMAT1) || ch->orb & CHANNEL_ORB_ILS))
        suppressed = TRUE;
    if (ch->cstat) /* the channel has stopped the device, which then checks nothing */
        ch->dstat &= (guint8)~CHANNEL_DSTAT_UNIT_CHECK;
    if (ch->cstat || suppressed || ch->dstat & CHANNEL_DSTAT_UNIT_CHECK)
        return;
    if (ch->left || ch->wanted_more)
        ch->cstat |= CHANNEL_CSTAT_INCORRECT_LENGTH;
}

/* Chapter 15, "Program-Controlled Interruption": when the CCW is current, or (data chaining) its command goes on. */
static void tell_pci(Channel *ch)
{
    guint32 address = ch->address + 8;

    if (!ch->pci || !ch->pcis)
        return;
    g_array_append_val(ch->pcis, address);
    ch->pci = FALSE;
}

/* FALSE at the end of the chain. */
static gboolean execute(Channel *ch)
{
    const ToyPort port = { put, get, ch };
    ToyKind kind = toy_device_kind(ch->cmd);

    tell_pci(ch);
    ch->wanted_more = FALSE;
    if (kind == TOY_UNKNOWN) {
        ch->dstat = CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END | CHANNEL_DSTAT_UNIT_CHECK;
        return FALSE;
    }
    ch->dstat = toy_device_execute(ch->device, ch->cmd, &port);
    end_command(ch, kind == TOY_IMMEDIATE);
    if (ch->cstat || ch->dstat & DSTAT_ENDS_CHAIN || ch->flags & CCW_FLAG_CD || !(ch->flags & CCW_FLAG_CC))
        return FALSE;
    tell_pci(ch);
    ch->address += ch->dstat & CHANNEL_DSTAT_STATUS_MODIFIER ? 16 : 8;
    return TRUE;
}

/* Chapter 16, "Subchannel-Status Word". */
static void store_status(const Channel *ch, guint8 scsw[CHANNEL_SCSW_SIZE])
{
    guint8 cstat = ch->cstat | (ch->pci ? CHANNEL_CSTAT_PCI : 0);
    guint16 flags =
        ch->orb >> 16 & (CHANNEL_SCSW_FLAG_S | CHANNEL_SCSW_FLAG_F | CHANNEL_SCSW_FLAG_P | CHANNEL_SCSW_FLAG_U);
    guint16 ctl = CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_STCTL_PRIMARY | CHANNEL_SCSW_STCTL_SECONDARY |
                  CHANNEL_SCSW_STCTL_PENDING;

    if (ch->cstat || ch->dstat & DSTAT_ENDS_CHAIN)
        ctl |= CHANNEL_SCSW_STCTL_ALERT;
    if (ch->pci)
        ctl |= CHANNEL_SCSW_STCTL_INTERMEDIATE;
    if (ch->suspended) {
        ctl = CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_ACTL_SUSPENDED;
        if (ch->pci || !(ch->orb & CHANNEL_ORB_SUPPRESS))
            ctl |= CHANNEL_SCSW_STCTL_INTERMEDIATE | CHANNEL_SCSW_STCTL_PENDING;
    }
    if (ch->dstat & CHANNEL_DSTAT_UNIT_CHECK)
        flags |= CHANNEL_SCSW_FLAG_L | CHANNEL_SCSW_FLAG_E;
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_FLAGS, flags);
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL, ctl);
    ccw_store_be32(scsw + CHANNEL_SCSW_OFS_CPA, ch->address + 8);
    scsw[CHANNEL_SCSW_OFS_DSTAT] = ch->dstat;
    scsw[CHANNEL_SCSW_OFS_CSTAT] = cstat;
    ccw_store_be16(scsw + CHANNEL_SCSW_OFS_COUNT, (guint16)ch->left);
}

void channel_interpret(ChannelGuest *guest, ToyDevice *device, const guint8 orb[CHANNEL_ORB_SIZE], gboolean resumes,
                       GArray *pcis, guint8 ret_scsw[CHANNEL_SCSW_SIZE])
{
    Channel ch = { .guest = guest,
                   .device = device,
                   .orb = ccw_load_be32(orb + CHANNEL_ORB_OFS_FLAGS),
                   .first = !resumes,
                   .pcis = pcis };

    ch.address = ccw_load_be32(orb + CHANNEL_ORB_OFS_CPA);
    if (ch.address % 8 || ch.address >> 31)
        ch.cstat = CHANNEL_CSTAT_PROGRAM_CHECK;
    while (!ch.cstat) {
        if (!become_current(&ch, FALSE)) {
            ch.dstat = 0;
            break;
        }
        /* Chapter 15, "Suspension of Channel-Program Execution": the CCW is valid, and its command is not sent. */
        if (ch.flags & CCW_FLAG_SUSPEND) {
            ch.suspended = TRUE;
            ch.dstat = 0;
            break;
        }
        if (!execute(&ch))
            break;
    }
    store_status(&ch, ret_scsw);
}
