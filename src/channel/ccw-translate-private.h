/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the translation share. For them and nobody else. */
#pragma once

#include "channel/ccw-translate.h"

#define CCW_COUNT_MAX 65535
#define CCW_IDAWS_MAX 33 /* 65535 bytes that begin at the end of a 2 KiB block */

/* A CCW of either format, decoded. */
typedef struct {
    guint8 cmd;
    guint8 flags;
    guint16 count;
    guint32 cda;
} CcwFields;

/* CCWs one after another in the guest's storage, and in the program from index `first` on. */
typedef struct {
    guint32 address; /* of the first, in the guest */
    guint16 first;
    guint16 count;         /* 0 until it is fetched, or when another run turned out to hold it */
    gboolean data_chained; /* what leads here is a CCW with chain data */
    guint8 cmd;            /* then: the command whose data goes on */
} CcwRun;

struct _CcwTranslation {
    CcwProgram program;
    guint64 idaws[CCW_PROGRAM_MAX][CCW_IDAWS_MAX]; /* the list of CCW i, if it has one */

    const CcwMemory *memory;
    guint8 orb[CCW_ORB_SIZE];
    gboolean format1;
    gboolean idaw64;   /* format-2 IDAWs */
    guint block;       /* bytes of storage that an IDAW is for: 2048 or 4096 */
    gboolean suspends; /* a CCW asks for suspension, and the ORB allows it */

    guint count;                    /* CCWs in the program */
    guint32 guest[CCW_PROGRAM_MAX]; /* where CCW i came from: what the SCSW's CPA is told by */
    gboolean tic[CCW_PROGRAM_MAX];
    guint32 target[CCW_PROGRAM_MAX]; /* of a TIC, in the guest */

    CcwRun runs[CCW_PROGRAM_MAX + 1]; /* the ORB's and one a TIC, at most */
    guint n_runs;
};

/* The first address beyond what the guest's CCWs can name: 16 MiB or 2 GiB. */
static inline guint64 ccw_translation_limit(const CcwTranslation *t)
{
    return t->format1 ? G_GUINT64_CONSTANT(1) << 31 : G_GUINT64_CONSTANT(1) << 24;
}

/* Does this command store into the guest's memory? Read, sense, read backward. */
static inline gboolean ccw_cmd_is_input(guint8 cmd)
{
    return (cmd & 0x03) == 0x02 || (cmd & 0x0f) == 0x04 || (cmd & 0x0f) == 0x0c;
}

/*
 * Sets cda[index], and the list of the CCW if it has one; `flags` becomes what the program's CCW is to have. cmd is
 * the command, also of a data-chained CCW. FALSE: the guest's addresses are not valid.
 */
gboolean ccw_translate_data(CcwTranslation *t, guint index, const CcwFields *ccw, guint8 cmd, guint8 *flags);
