/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A channel program that runs, and its commands: the row of the command table, the state of a chain, and the moves that
 * commands share. Private to this folder.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-codes.h"
#include "dasd/dasd-config.h"
#include "dasd/dasd-program.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-volume.h"

#define DASD_PATH_GROUP_ID_SIZE 11
#define DASD_PATH_STATE_RESET 0x00
#define DASD_PATH_STATE_UNGROUPED 0x80
#define DASD_PATH_STATE_GROUPED 0xc0
#define DASD_PATH_RESERVED_SELF 0x30 /* reserved by this path group; SNID_STATE2_RESVD_SELF of arch/s390 and cio */
#define DASD_PATH_MULTIPATH 0x08

/*
 * State that outlives a chain: it lasts until a command of a later program changes it, or until dasd_device_reset().
 * DasdChain has the place where a program works.
 */
typedef struct {
    guint8 sense[DASD_SENSE_SIZE]; /* pending, for a SENSE command */
    gboolean reserved;
    guint8 path_state;
    guint8 path_group_id[DASD_PATH_GROUP_ID_SIZE];
    gboolean host_told; /* this path group has sent SET SUBSYSTEM CHARACTERISTICS */
    gint waits;         /* atomic: an attention must tell the guest when the disk of the image has room again */
} DasdLasting;

struct _DasdCmd;
struct _DasdExec;

/* The drive that programs run on. */
typedef struct {
    const struct _DasdCmd *(*find_command)(guint8 code); /* dasd_cmd_find(); tests of the loop set their own function */
    /* dasd_sequence_check(); the oracle of generated programs sets its own function. */
    gboolean (*check_sequence)(struct _DasdExec *exec, const struct _DasdCmd *cmd);
    /* A DasdIntermediateFunc; NULL: intermediate status comes together with the last one. */
    gboolean (*intermediate)(gpointer opaque, const guint8 irb[CHANNEL_IRB_SIZE]);
    gpointer intermediate_opaque;
    DasdVolume *volume;
    DasdConfig config;
    gboolean read_only;
    guint8 unit_address;
    gint cancel;         /* atomic: the program ends before its next CCW */
    DasdLasting lasting; /* one program at a time uses it; lasting.waits is the exception */
} DasdDrive;

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

typedef struct _DasdExec {
    DasdDrive *drive;
    const guint8 *orb;
    DasdData data;
    DasdCcw ccw;
    guint8 dstat;
    guint8 cstat;
    gboolean pci; /* the device still has to report a program-controlled interruption */
    DasdChain chain;
    DasdProgram program; /* last member: the members before it are zero when a program begins */
} DasdExec;

typedef void (*DasdCmdFunc)(DasdExec *exec);

enum {
    DASD_CMD_IMMEDIATE = 1 << 0,       /* moves no data */
    DASD_CMD_KEEPS_SENSE = 1 << 1,     /* keeps pending sense, which other commands clear */
    DASD_CMD_OPENS_DOMAIN = 1 << 2,    /* opens a domain, which does not count this command */
    DASD_CMD_IN_DOMAIN = 1 << 3,       /* allowed only in a domain */
    DASD_CMD_UPDATE = 1 << 4,          /* writes key or data of existing records */
    DASD_CMD_FORMAT = 1 << 5,          /* writes new records */
    DASD_CMD_R0 = 1 << 6,              /* with FORMAT: the file mask must allow R0, too */
    DASD_CMD_SCAN = 1 << 7,            /* the chain keeps counting how often it passes the index */
    DASD_CMD_PLACED = 1 << 8,          /* needs a cylinder and a head from an earlier command of its chain */
    DASD_CMD_BEFORE_LIMITS = 1 << 9,   /* not allowed after an extent, a file mask or READ IPL */
    DASD_CMD_AT_ONCE = 1 << 10,        /* outside a domain: must follow the search directly */
    DASD_CMD_FIRST = 1 << 11,          /* must be first; only a suspension of multipath reconnection may precede it */
    DASD_CMD_AFTER_IDENTITY = 1 << 12, /* with FIRST: or directly after READ CONFIGURATION DATA or CHARACTERISTICS */
    DASD_CMD_LAST = 1 << 13,           /* must be the last command of its chain */
    DASD_CMD_SEEK = 1 << 14,           /* the file mask must allow it: else file protected */
};

typedef struct _DasdCmd {
    guint8 code;
    const char *name;
    DasdCmdFunc run;
    guint16 min;   /* bytes of data that the command needs */
    guint flags;   /* DASD_CMD_* */
    guint domains; /* DASD_OP_* of the domains that allow the command */
    guint found;   /* DASD_FOUND_*: outside a domain, one of these must precede the command; 0: needs no search */
    guint keeps;   /* DASD_FOUND_* that stay true for the next command */
} DasdCmd;

/**
 * dasd_cmd_find:
 *
 * Returns: the row of the command with this code, or NULL if the device has no such command
 */
const DasdCmd *dasd_cmd_find(guint8 code);

typedef enum {
    DASD_PHASE_ACTIVE,
    DASD_PHASE_SUSPENDED, /* the program is suspended before exec->ccw */
    DASD_PHASE_ENDED,
} DasdPhase;

/**
 * dasd_exec_run:
 *
 * Runs the loaded program until it ends or is suspended. @exec->dstat, cstat, ccw and data have the result.
 */
DasdPhase dasd_exec_run(DasdExec *exec);

/**
 * dasd_sequence_check:
 *
 * Checks, before a command runs, whether it may follow the commands before it.
 *
 * Returns: FALSE after dasd_check(), if the command must not run
 */
gboolean dasd_sequence_check(DasdExec *exec, const DasdCmd *cmd);

/**
 * dasd_sequence_may_format:
 *
 * Returns: TRUE if the file mask allows format writes, with or without R0
 */
gboolean dasd_sequence_may_format(const DasdChain *chain);

/**
 * dasd_sequence_begin:
 *
 * Updates the chain before a command runs.
 */
void dasd_sequence_begin(DasdChain *chain, const DasdCmd *cmd);

/**
 * dasd_sequence_end:
 *
 * Updates the chain after a command ran.
 */
void dasd_sequence_end(DasdExec *exec, const DasdCmd *cmd);

/**
 * dasd_sequence_is_complete:
 *
 * Returns: TRUE if the chain may end here: all commands that its last locate record announced have come
 */
gboolean dasd_sequence_is_complete(const DasdChain *chain);

/**
 * dasd_status_build:
 *
 * Builds the IRB of a program in this phase.
 */
void dasd_status_build(const DasdExec *exec, DasdPhase phase, guint8 irb[CHANNEL_IRB_SIZE]);

/**
 * dasd_check:
 *
 * Ends the chain with unit check and sense.
 *
 * Returns: always FALSE, for the caller's return statement
 */
gboolean dasd_check(DasdExec *exec, DasdCheck check);

/**
 * dasd_check_host:
 *
 * Like dasd_check(), for a failed read or write of the host. If the disk of the image is full, the sense is
 * "intervention required".
 *
 * Returns: always FALSE
 */
gboolean dasd_check_host(DasdExec *exec);

/* Moves. Each returns FALSE after dasd_check(), if the program may not go there or the place does not exist. */

/**
 * dasd_move_to_track:
 *
 * Moves to the index of a track of the extent.
 */
gboolean dasd_move_to_track(DasdExec *exec, guint32 number);

/**
 * dasd_move_load:
 *
 * Makes @exec->chain.track the current track, without the data of its records. A damaged track is a check.
 *
 * A command must fetch the data of a record before it looks at it. Before it formats the track, it must fetch the data
 * of the records that stay.
 */
gboolean dasd_move_load(DasdExec *exec);

/**
 * dasd_move_fetch:
 * @first, @last: indices of records, both inclusive
 *
 * Fetches the data of these records of the current track.
 */
gboolean dasd_move_fetch(DasdExec *exec, guint32 first, guint32 last);

/**
 * dasd_move_fetch_track:
 *
 * Loads the current track with the data of all its records.
 */
gboolean dasd_move_fetch_track(DasdExec *exec);

/**
 * dasd_move_repair:
 *
 * Like dasd_move_load(), for a command that writes the whole track, or that a format write must follow. A damaged track
 * is empty for this program (see dasd_volume_repair()).
 */
gboolean dasd_move_repair(DasdExec *exec);

/**
 * dasd_move_lose_orientation:
 *
 * The next command begins before the index of the track, wherever the last one ended.
 */
void dasd_move_lose_orientation(DasdExec *exec);

/**
 * dasd_move_next_track:
 *
 * Moves to the next track as a multi-track command does: through the extent in a domain, else to the end of the
 * cylinder.
 */
gboolean dasd_move_next_track(DasdExec *exec);

/**
 * dasd_move_next_count:
 * @multi: TRUE: at the index, the command continues on the next track
 * @with_r0: TRUE: R0 counts, too
 *
 * Moves to the next count field.
 */
gboolean dasd_move_next_count(DasdExec *exec, gboolean multi, gboolean with_r0);

/**
 * dasd_move_to_record:
 * @multi: as for dasd_move_next_count()
 *
 * Moves to a count field unless the program has just passed one. A command that reads or writes a key or data begins
 * with this move.
 */
gboolean dasd_move_to_record(DasdExec *exec, gboolean multi);

static inline DasdRecord *dasd_exec_record(DasdExec *exec)
{
    return &exec->chain.track->records[exec->chain.record];
}

/* Returns TRUE if the current command is of the multi-track form: the leftmost bit of its code. */
static inline gboolean dasd_exec_multi(const DasdExec *exec)
{
    return (exec->ccw.cmd & 0x80) != 0;
}

/* The functions of the commands, grouped by file. dasd-cmd.c has the table. */
void dasd_cmd_noop(DasdExec *exec);
void dasd_cmd_sense(DasdExec *exec);
void dasd_cmd_sense_id(DasdExec *exec);
void dasd_cmd_sense_path_group_id(DasdExec *exec);
void dasd_cmd_set_path_group_id(DasdExec *exec);
void dasd_cmd_reset_allegiance(DasdExec *exec);
void dasd_cmd_reserve(DasdExec *exec);
void dasd_cmd_release(DasdExec *exec);

void dasd_cmd_read_configuration(DasdExec *exec);
void dasd_cmd_read_characteristics(DasdExec *exec);
void dasd_cmd_sense_subsystem_status(DasdExec *exec);
void dasd_cmd_reset_summary_unit_check(DasdExec *exec);
void dasd_cmd_subsystem_function(DasdExec *exec);
void dasd_cmd_read_subsystem_data(DasdExec *exec);
void dasd_cmd_read_buffered_log(DasdExec *exec);
void dasd_cmd_diagnostic_control(DasdExec *exec);

void dasd_cmd_seek(DasdExec *exec);
void dasd_cmd_set_file_mask(DasdExec *exec);
void dasd_cmd_set_sector(DasdExec *exec);
void dasd_cmd_read_sector(DasdExec *exec);
void dasd_cmd_search_home(DasdExec *exec);
void dasd_cmd_search_id(DasdExec *exec);
void dasd_cmd_search_key(DasdExec *exec);

void dasd_cmd_define_extent(DasdExec *exec);
void dasd_cmd_locate_record(DasdExec *exec);
void dasd_cmd_locate_record_extended(DasdExec *exec);
void dasd_cmd_prefix(DasdExec *exec);

void dasd_cmd_read_ipl(DasdExec *exec);
void dasd_cmd_read_data(DasdExec *exec);
void dasd_cmd_read_key_data(DasdExec *exec);
void dasd_cmd_read_count(DasdExec *exec);
void dasd_cmd_read_ckd(DasdExec *exec);
void dasd_cmd_read_multiple(DasdExec *exec);
void dasd_cmd_read_home(DasdExec *exec);
void dasd_cmd_read_special_home(DasdExec *exec);
void dasd_cmd_read_r0(DasdExec *exec);
void dasd_cmd_read_track(DasdExec *exec);
void dasd_cmd_read_track_data(DasdExec *exec);

void dasd_cmd_write_data(DasdExec *exec);
void dasd_cmd_write_key_data(DasdExec *exec);
void dasd_cmd_write_ckd(DasdExec *exec);
void dasd_cmd_write_r0(DasdExec *exec);
void dasd_cmd_erase(DasdExec *exec);
void dasd_cmd_write_track_data(DasdExec *exec);
void dasd_cmd_write_full_track(DasdExec *exec);
