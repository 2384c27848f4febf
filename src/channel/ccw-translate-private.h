/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the translation share. For them and nobody else. */
#pragma once

#include "channel/ccw-translate.h"

#define CCW_IDAWS_MAX 33 /* 65535 bytes that begin at the end of a 2 KiB block */

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

/* A piece of the guest's storage that was looked up: most addresses lie in the one used last. */
typedef struct {
    guint64 address;
    gsize size; /* 0: none */
    guint8 *host;
} CcwWindow;

struct _CcwTranslation {
    CcwProgram program;
    guint64 idaws[CCW_PROGRAM_MAX][CCW_IDAWS_MAX]; /* the list of CCW i, if it has one */

    const CcwMemory *memory;
    CcwWindow windows[2]; /* for fetching, for storing */
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
