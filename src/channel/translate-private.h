/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the translation share. For them and nobody else. */
#pragma once

#include "channel/translate.h"
#include "util/endian.h"

#define CCW_CDA_RESERVED 0x80000000u /* format 1: an address has 31 bits */
#define CCW_IDAWS_MAX 33             /* 65535 bytes that begin at the end of a 2 KiB block */

/* A CCW of either format, decoded. */
typedef struct {
    guint8 cmd;
    guint8 flags;
    guint16 count;
    guint32 cda;
} CcwFields;

/*
 * The ways in which a CCW can be reached, as bits: some have several (the second CCW behind a search, which may end
 * with status modifier).
 */
enum {
    CCW_AS_COMMAND = 1 << 0, /* by command chaining, or as the first */
    CCW_AS_INPUT = 1 << 1,   /* by data chaining, of a command that stores */
    CCW_AS_OUTPUT = 1 << 2,  /* by data chaining, of one that fetches */
    CCW_AS_SEARCH = 1 << 3,  /* by data chaining, of one that fetches and may end with status modifier */
    CCW_IS_TIC = 1 << 7,     /* not a way: what was found there */
};

/* CCWs one after another in the guest's storage, and in the program from index `first` on. */
typedef struct {
    guint32 address; /* of the first, in the guest */
    guint16 first;
    guint16 count; /* 0 until it is fetched, or when another run turned out to hold it */
    guint8 ways;   /* to its first CCW: CCW_AS_* */
} CcwRun;

typedef struct {
    guint16 index;   /* of the TIC in the program */
    gboolean to_tic; /* its target is one too: a program check at the target */
    guint32 target;  /* in the guest */
    guint8 ways;
} CcwTic;

/*
 * A piece of the guest's storage, from the address on that was looked up: most addresses lie in the one used last.
 */
typedef struct {
    guint64 address;
    gsize size;     /* 0: none */
    gsize ccw_size; /* as much of it as CCWs can name */
    guint8 *host;
} CcwWindow;

#define CCW_BLOCK_MAX 16 /* CCWs that are looked at together */

/*
 * CCWs of the run at hand that were read and have no place yet, or only in part: they are not read again. first: the
 * place of the first in the program.
 */
typedef struct {
    guint first;
    guint n;
    guint32 plain;              /* bit k: CCW k is plain, and all but its way is in the program already */
    guint64 raw[CCW_BLOCK_MAX]; /* as in the guest */
} CcwAhead;

/* What plain CCWs are looked for in: n CCWs of the guest, and pieces of its storage. */
typedef struct {
    const guint64 *raw;
    guint n; /* there is room for all of them in the program */
    const CcwWindow *fetch;
    const CcwWindow *store;
} CcwPlainView;

/*
 * Takes CCWs of a view by blocks as long as all of a block are plain, and puts them into the program, their ways aside.
 * The block that is not goes to t->ahead. Returns how many were taken; t->count is the caller's to change.
 */
typedef guint (*CcwTakeBlocks)(CcwTranslation *t, const CcwPlainView *view);

/* From the slowest to the fastest; all make the same of a program. */
typedef enum {
    CCW_PLAIN_NOT,    /* no CCW is taken for a plain one */
    CCW_PLAIN_SINGLY, /* on every machine */
    CCW_PLAIN_AVX2,
    CCW_PLAIN_AVX512,
} CcwPlainWay;

struct _CcwTranslation {
    CcwProgram program;
    guint64 cda_fields[CCW_PROGRAM_MAX]; /* what CCW i of the program has in its address field if it is no TIC */
    guint64 idaws[CCW_PROGRAM_MAX][CCW_IDAWS_MAX]; /* the list of CCW i, if it has one */

    CcwPlainWay plain_way;
    CcwTakeBlocks take_blocks; /* NULL: not by blocks */
    const CcwMemory *memory;
    CcwWindow windows[2]; /* for fetching, for storing */
    CcwAhead ahead;
    guint8 orb[CCW_ORB_SIZE];
    gboolean format1;
    gboolean idaw64; /* format-2 IDAWs */
    gboolean may_suspend;
    gboolean resumes; /* the program goes on where it was suspended */
    guint block;      /* bytes of storage that an IDAW is for: 2048 or 4096 */

    guint count;                  /* CCWs in the program */
    guint8 ways[CCW_PROGRAM_MAX]; /* to CCW i, as they were taken into account when it was placed */
    CcwTic tics[CCW_PROGRAM_MAX];
    guint n_tics;
    guint16 protected[CCW_PROGRAM_MAX]; /* CCWs whose program check is a protection check */
    guint n_protected;
    CcwRun runs[CCW_PROGRAM_MAX + 1]; /* the ORB's and one a TIC, at most */
    guint n_runs;
};

/* The first address beyond what the guest's CCWs can name: 16 MiB or 2 GiB. */
static inline guint64 ccw_translation_limit(const CcwTranslation *t)
{
    return t->format1 ? G_GUINT64_CONSTANT(1) << 31 : G_GUINT64_CONSTANT(1) << 24;
}

static inline guint32 ccw_cda_offset(guint index)
{
    return CCW_PROGRAM_CDA_OFS + index * sizeof(guint64);
}

/* One CCW of the guest, as it lies there. */
static inline guint64 ccw_read_raw(const void *host)
{
    return __atomic_load_n((const guint64 *)host, __ATOMIC_RELAXED);
}

/* The fields of a format-0 CCW where format 1 has them: command 8, address 24, flags 8, nothing 8, count 16. */
static inline guint64 ccw_format1_of_0(guint64 ccw)
{
    return (ccw & 0xffull << 56) | (ccw & 0xff000000) << 24 | (ccw & 0xffff) << 32 | (ccw >> 32 & 0xffffff);
}

static inline gboolean ccw_ahead_has(const CcwAhead *ahead, guint index)
{
    return index - ahead->first < ahead->n;
}

/* The host's address of `length` bytes that lie in one piece; NULL if they do not, or are not to be stored into. */
guint8 *ccw_translation_look_up(CcwTranslation *t, guint64 address, gsize length, gboolean write);

static inline guint8 *ccw_translation_map(CcwTranslation *t, guint64 address, gsize length, gboolean write)
{
    const CcwWindow *window = &t->windows[write ? 1 : 0];

    /* An address below the window's gives a difference beyond every size. */
    if (G_LIKELY(window->size >= length && address - window->address <= window->size - length))
        return window->host + (address - window->address);
    return ccw_translation_look_up(t, address, length, write);
}

/*
 * Sets cda[index], and the list of the CCW if it has one; `flags` becomes what the program's CCW is to have. stores,
 * fetches: what of the two its command can be. 0, or the subchannel status that the address of the first byte deserves;
 * cda[index] is 0 then.
 */
guint8 ccw_translate_data(CcwTranslation *t, guint index, const CcwFields *ccw, gboolean stores, gboolean fetches,
                          guint8 *flags);

/*
 * What most CCWs are, for speed: commands, chained, with direct data in the storage used last, and no search. Takes as
 * many as it finds from `address` on, and returns how many; place_ccw() would make the same of every one of them. To be
 * called where a CCW can be reached by command chaining alone.
 */
guint ccw_translate_plain(CcwTranslation *t, guint32 address);

/* The fastest way of this machine is what a translation begins with; tests want the others, too. FALSE: not here. */
gboolean ccw_translate_plain_choose(CcwTranslation *t, CcwPlainWay way);

/* NULL if this machine has no such vectors. */
CcwTakeBlocks ccw_translate_vector(CcwPlainWay way);
