/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state of one chain of commands: its place, its limits and its domain. The commands and the checks of their order
 * read and write it.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-track.h"

#define DASD_MASK_WRITE 0xc0 /* bits of a file mask: which writes are allowed */
#define DASD_MASK_WRITE_NOT_R0 0x00
#define DASD_MASK_WRITE_NONE 0x40
#define DASD_MASK_WRITE_UPDATE 0x80
#define DASD_MASK_RESERVED 0x20 /* bit of a file mask, also of the mask in DEFINE EXTENT */
#define DASD_MASK_AUTHORITY 0x06
#define DASD_MASK_AUTHORITY_NORMAL 0x00
#define DASD_MASK_AUTHORITY_DIAGNOSTIC 0x04

/* The part of the current record, or of the track, that the program passed last. */
typedef enum {
    DASD_AT_INDEX,
    DASD_AT_HOME, /* the home address */
    DASD_AT_COUNT,
    DASD_AT_KEY,
    DASD_AT_DATA,
} DasdOrientation;

/* Operations of locate record, as bits. dasd-cmd-locate.c has the codes. */
enum {
    DASD_OP_ORIENT = 1 << 0, /* opens no domain */
    DASD_OP_WRITE = 1 << 1,
    DASD_OP_FORMAT = 1 << 2,
    DASD_OP_READ = 1 << 3,
    DASD_OP_WRITE_TRACK = 1 << 4, /* R0 or ERASE, then records; removes the records after them */
    DASD_OP_READ_TRACKS = 1 << 5,
    DASD_OP_READ_ANY = 1 << 6,
    DASD_OP_WRITE_TRACK_DATA = 1 << 7,
    DASD_OP_WRITE_FULL_TRACK = 1 << 8,
};

/* The orientation that a locate record asks for: the left two bits of its operation byte. */
enum {
    DASD_ORIENT_COUNT = 0,
    DASD_ORIENT_HOME = 1,
    DASD_ORIENT_DATA = 2,
    DASD_ORIENT_INDEX = 3,
};

/* Events that a write outside a domain may follow, as bits. */
enum {
    DASD_FOUND_HOME = 1 << 0,   /* a SEARCH HOME ADDRESS that was equal in all bytes */
    DASD_FOUND_ID = 1 << 1,     /* a SEARCH ID EQUAL, likewise */
    DASD_FOUND_KEY = 1 << 2,    /* a SEARCH KEY EQUAL, likewise */
    DASD_FOUND_FORMAT = 1 << 3, /* a format write */
};

#define DASD_TRACKS_CURRENT 0x8000 /* bit of DasdDomain.tracks: the current track */

/* The domain of a locate record: the commands after the record, which it counts and checks. */
typedef struct {
    guint operation;   /* a DASD_OP_* bit; 0: no domain */
    guint orientation; /* DASD_ORIENT_* */
    guint count;       /* commands that are left: one for each record, or for each track */
    gboolean is_fresh; /* no command of the domain has run */
    guint16 length;    /* transfer length factor, else the block size of the extent; not 0 in a domain */
    guint16 tracks;    /* write full track: its tracks, from the current one on; the leftmost bit is the current one */
} DasdDomain;

/*
 * The state of one chain of commands. It is new at each START SUBCHANNEL and at each RESUME SUBCHANNEL: a control unit
 * takes the first command of either as the first of a chain. A program inherits nothing from the program before it.
 */
typedef struct {
    /* The place is unknown until a command names a cylinder and a head. */
    gboolean is_placed;
    guint32 track_number; /* where the access mechanism stands, if placed */
    DasdTrack *track;     /* the track of track_number; NULL if not loaded */
    DasdOrientation at;
    guint32 record; /* index on the track; valid from DASD_AT_COUNT on */
    guint index_passes;
    /* Limits of the commands that follow. */
    gboolean has_extent;
    gboolean has_mask;     /* SET FILE MASK has run */
    gboolean has_read_ipl; /* READ IPL has run; it implies an extent, too: the whole volume */
    guint8 mask;
    gboolean has_ckd_conversion; /* the extent allows a record without data in place of one of the expected length */
    guint16 block_size;          /* of the extent, 0: unknown */
    guint32 first_track;         /* of the extent */
    guint32 last_track;
    /* The order of commands. */
    DasdDomain domain;
    guint found;             /* a DASD_FOUND_* bit; 0: no event that a write may follow */
    gboolean has_just_found; /* the previous command set found */
    guint8 previous;         /* code of the previous command, 0 for the first */
    guint commands;          /* number of commands that have run */
    gboolean is_ended;       /* the previous command has to be the last of the chain */
    guint prepared; /* next answer of READ SUBSYSTEM DATA: row in dasd-cmd-subsystem.c, counted from 1, or 0 if none is
                       prepared */
    guint8 message[4]; /* identifier of the message that the answer is about */
} DasdChain;

/* Returns: TRUE if the file mask allows format writes, with or without R0 */
static inline gboolean dasd_chain_may_format(const DasdChain *chain)
{
    guint8 writes = chain->mask & DASD_MASK_WRITE;

    return writes != DASD_MASK_WRITE_NONE && writes != DASD_MASK_WRITE_UPDATE;
}
