/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Declares the types and functions that only the files of the translation, their tests and benchmarks use. */
#pragma once

#include "channel/translate.h"
#include "util/endian.h"

#define CCW_CDA_RESERVED 0x80000000u /* format 1: an address has 31 bits */
#define CHANNEL_IDAWS_MAX 33         /* for 65535 bytes from the last byte of a 2 KiB block on */

/* A CCW of either format, decoded. */
typedef struct {
    guint8 cmd;
    guint8 flags;
    guint16 count;
    guint32 cda;
} ChannelFields;

/*
 * The roles that a CCW can have, by the way in which the channel reaches it. The bits combine: the second CCW behind a
 * search has several roles, because the search can end with status modifier.
 */
enum {
    CHANNEL_ROLE_COMMAND = 1 << 0, /* by command chaining, or as the first CCW */
    CHANNEL_ROLE_INPUT = 1 << 1,   /* by data chaining of a command that stores */
    CHANNEL_ROLE_OUTPUT = 1 << 2,  /* by data chaining of a command that fetches */
    CHANNEL_ROLE_SEARCH = 1 << 3,  /* by data chaining of a command that fetches and can end with status modifier */
    CHANNEL_IS_TIC = 1 << 7,       /* no role: the CCW is a TIC */
};

/* CCWs that follow each other in the guest's storage, and in the program. */
typedef struct {
    guint32 address; /* the guest's address of the first CCW */
    guint16 first;   /* the program's index of the first CCW */
    guint16 count;   /* 0 before the translation of the segment, or if another segment holds its CCWs */
    guint8 roles;    /* the roles of the first CCW */
} ChannelSegment;

typedef struct {
    guint16 index;      /* the TIC's index in the program */
    gboolean is_to_tic; /* its target is a TIC, too, which is a program check at the target */
    guint32 target;     /* a guest address */
    guint8 roles;       /* the target's roles */
} ChannelTic;

/* The piece of the guest's storage that was mapped last. Most addresses lie in it. */
typedef struct {
    guint64 address;
    gsize size;     /* 0: nothing is mapped */
    gsize ccw_size; /* the part that CCWs can address */
    guint8 *host;
} ChannelWindow;

#define CHANNEL_BLOCK_MAX 16 /* the largest number of CCWs in a block */

/* CCWs that are read, and not or only partly in the program. The translation must not read them again. */
typedef struct {
    guint first;                    /* the program's index of the first CCW */
    guint n;                        /* the number of CCWs */
    guint32 plain;                  /* bit k: CCW k is plain, and all but its role is in the program */
    guint64 raw[CHANNEL_BLOCK_MAX]; /* as in the guest */
} ChannelReadAhead;

/* The CCWs of the guest that may be plain, and the pieces of storage in which plain CCWs have their data. */
typedef struct {
    const guint64 *raw;
    guint n; /* at most the free CCWs of the program */
    const ChannelWindow *fetch;
    const ChannelWindow *store;
} ChannelPlainView;

/*
 * Translates CCWs by blocks, while all CCWs of a block are plain, and puts them into the program without their roles.
 * The first block with another CCW goes to t->read_ahead. Returns: the number of translated CCWs, by which the caller
 * increases t->count.
 */
typedef guint (*ChannelTranslateBlocks)(ChannelTranslation *t, const ChannelPlainView *view);

/* The modes of translating plain CCWs, the slowest first. Each makes the same program. */
typedef enum {
    CHANNEL_PLAIN_OFF,    /* as all other CCWs */
    CHANNEL_PLAIN_SCALAR, /* one at a time, on every machine */
    CHANNEL_PLAIN_AVX2,
    CHANNEL_PLAIN_AVX512,
} ChannelPlainMode;

struct _ChannelTranslation {
    ChannelProgram program;
    guint64 cda_fields[CHANNEL_PROGRAM_MAX]; /* the address field of CCW i of the program, unless it is a TIC */
    guint64 idaws[CHANNEL_PROGRAM_MAX][CHANNEL_IDAWS_MAX]; /* the list of CCW i, if it has one */

    ChannelPlainMode plain_mode;
    ChannelTranslateBlocks translate_blocks; /* NULL: the mode has no blocks */
    const ChannelMemory *memory;
    ChannelWindow windows[2]; /* 0 for fetching, 1 for storing */
    ChannelReadAhead read_ahead;
    guint8 orb[CHANNEL_ORB_SIZE];
    gboolean is_format1;
    gboolean has_idaw64;  /* format-2 IDAWs */
    gboolean can_suspend; /* the ORB allows suspension */
    gboolean is_resumed;  /* the program continues after a suspension */
    guint block;          /* bytes of storage for an IDAW: 2048 or 4096 */

    guint count;                       /* number of CCWs in the program */
    guint8 roles[CHANNEL_PROGRAM_MAX]; /* the roles for which CCW i was translated */
    ChannelTic tics[CHANNEL_PROGRAM_MAX];
    guint n_tics;
    guint16 protected[CHANNEL_PROGRAM_MAX]; /* indexes of CCWs whose program check is a protection check */
    guint n_protected;
    ChannelSegment segments[CHANNEL_PROGRAM_MAX + 1]; /* at most the ORB's and one for each TIC */
    guint n_segments;
};

/* Returns: the first address that the guest's CCWs cannot have: 16 MiB or 2 GiB. */
static inline guint64 channel_translation_limit(const ChannelTranslation *t)
{
    return t->is_format1 ? G_GUINT64_CONSTANT(1) << 31 : G_GUINT64_CONSTANT(1) << 24;
}

static inline guint32 channel_cda_offset(guint index)
{
    return CHANNEL_PROGRAM_CDA_OFS + index * sizeof(guint64);
}

/* Reads one CCW of the guest, in the channel's byte order. */
static inline guint64 channel_read_raw(const void *host)
{
    return __atomic_load_n((const guint64 *)host, __ATOMIC_RELAXED);
}

/* Converts a format-0 CCW, with command 8, address 24, flags 8, unused 8, count 16 bits, to format 1. */
static inline guint64 channel_format1_of_0(guint64 ccw)
{
    return (ccw & 0xffull << 56) | (ccw & 0xff000000) << 24 | (ccw & 0xffff) << 32 | (ccw >> 32 & 0xffffff);
}

static inline gboolean channel_read_ahead_has(const ChannelReadAhead *ahead, guint index)
{
    return index - ahead->first < ahead->n;
}

/* Maps storage outside of the window, and moves the window there. */
guint8 *channel_translation_map_slow(ChannelTranslation *t, guint64 address, gsize length, gboolean write);

/**
 * channel_translation_map: Finds storage of the guest in this process.
 * @address: a guest address
 * @length: bytes, at least 1
 * @write: whether the device stores there
 *
 * Returns: the host's address, or NULL if the bytes do not lie in one piece of host memory, or are protected from
 * @write.
 */
static inline guint8 *channel_translation_map(ChannelTranslation *t, guint64 address, gsize length, gboolean write)
{
    const ChannelWindow *window = &t->windows[write ? 1 : 0];

    /* The difference wraps for an address below the window, and is then larger than every size. */
    if (G_LIKELY(window->size >= length && address - window->address <= window->size - length))
        return window->host + (address - window->address);
    return channel_translation_map_slow(t, address, length, write);
}

/**
 * channel_translate_data: Translates the data address of a CCW: sets cda[index], and the CCW's list if it has one.
 * @stores: whether the command can store into the guest's storage
 * @fetches: whether the command can fetch from it
 * @flags: the guest's flags; changed to those of the program's CCW
 *
 * Returns: 0; the subchannel status for a bad address of the first byte, with cda[index] 0.
 */
guint8 channel_translate_data(ChannelTranslation *t, guint index, const ChannelFields *ccw, gboolean stores,
                              gboolean fetches, guint8 *flags);

/**
 * channel_translate_plain: Translates the plain CCWs from an address on, up to the first other CCW. Most CCWs are
 * plain: chained commands that are no searches, with direct data in the window. translate-chain.c would translate them
 * to the same, only slower.
 * @address: the guest's address of a CCW whose only role is CHANNEL_ROLE_COMMAND
 *
 * Returns: the number of translated CCWs.
 */
guint channel_translate_plain(ChannelTranslation *t, guint32 address);

/**
 * channel_translate_plain_set_mode: Changes the mode. A new translation has the fastest mode of the machine; tests use
 * the other modes.
 *
 * Returns: FALSE if this machine does not have the mode.
 */
gboolean channel_translate_plain_set_mode(ChannelTranslation *t, ChannelPlainMode mode);

/* Returns: the function of a mode, or NULL if this machine does not have such vectors. */
ChannelTranslateBlocks channel_translate_vector(ChannelPlainMode mode);

/**
 * channel_translate_chain: Translates all CCWs of a program, except the targets of its TICs.
 * @cpa: the guest's address of the first CCW
 * @add_noops: whether to add a NOOP after the end of each chain, as request.h says
 * @ret_address: the guest's address of the first CCW too many; written on failure only
 *
 * Returns: FALSE if the program has too many CCWs.
 */
gboolean channel_translate_chain(ChannelTranslation *t, guint32 cpa, gboolean add_noops, guint32 *ret_address);

/* Puts the targets of the TICs into the program. A TIC to a TIC becomes a program check at the second. */
void channel_translate_tics(ChannelTranslation *t);
