/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A channel program under way, and what commands are: the table's row, the state that lives for a chain, and the moves
 * that commands share. Private to this folder.
 */
#pragma once

#include <glib.h>

#include "dasd/dasd-config.h"
#include "dasd/dasd-device.h"
#include "dasd/dasd-program.h"
#include "dasd/dasd-sense.h"
#include "dasd/dasd-volume.h"

#define DASD_PATH_GROUP_ID_SIZE 11
#define DASD_PATH_STATE_RESET 0x00
#define DASD_PATH_STATE_UNGROUPED 0x80
#define DASD_PATH_STATE_GROUPED 0xc0
#define DASD_PATH_RESERVED_SELF 0x30 /* by this path group; arch/s390 and cio call it SNID_STATE2_RESVD_SELF */
#define DASD_PATH_MULTIPATH 0x08

/*
 * What lasts longer than a chain: until a command of a later program changes it, or until dasd_device_reset(). Nothing
 * here says where a program works; DasdChain does.
 */
typedef struct {
    guint8 sense[DASD_SENSE_SIZE]; /* pending, for a SENSE command */
    gboolean reserved;
    guint8 path_state;
    guint8 path_group_id[DASD_PATH_GROUP_ID_SIZE];
    gboolean host_told; /* SET SUBSYSTEM CHARACTERISTICS came from this path group */
    gint waits;         /* atomic: the guest has to be told by an attention when the host has room again */
} DasdLasting;

struct _DasdDevice {
    GMutex request_lock; /* held for a request: one at a time */
    GMutex state_lock;   /* of running and cancel */
    gboolean running;
    gint cancel;                                         /* atomic */
    const struct _DasdCmd *(*find_command)(guint8 code); /* dasd_cmd_find(), but for tests of the loop */
    DasdIntermediateFunc intermediate;
    gpointer intermediate_opaque;
    struct _DasdExec *exec; /* the program under way, under request_lock: a request allocates nothing */
    DasdVolume *volume;
    DasdConfig config;
    gboolean read_only;
    guint8 unit_address;
    DasdLasting lasting; /* under request_lock, but for lasting.waits */
};

#define DASD_MASK_RESERVED 0x20 /* of a file mask, in DEFINE EXTENT too */
#define DASD_MASK_AUTHORITY 0x06
#define DASD_MASK_AUTHORITY_NORMAL 0x00
#define DASD_MASK_AUTHORITY_DIAGNOSTIC 0x04

/* What of the current record, or of the track, was passed last. */
typedef enum {
    DASD_AT_INDEX,
    DASD_AT_HOME, /* the home address */
    DASD_AT_COUNT,
    DASD_AT_KEY,
    DASD_AT_DATA,
} DasdOrientation;

/* Operations of locate record, as bits; the codes are in dasd-cmd-locate.c. */
enum {
    DASD_OP_ORIENT = 1 << 0, /* opens no domain */
    DASD_OP_WRITE = 1 << 1,
    DASD_OP_FORMAT = 1 << 2,
    DASD_OP_READ = 1 << 3,
    DASD_OP_WRITE_TRACK = 1 << 4, /* R0 or ERASE, then records; what was behind them is gone */
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

/* What a write outside a domain may follow, as bits. */
enum {
    DASD_FOUND_HOME = 1 << 0,   /* a SEARCH HOME ADDRESS that was equal in all bytes */
    DASD_FOUND_ID = 1 << 1,     /* a SEARCH ID EQUAL, likewise */
    DASD_FOUND_KEY = 1 << 2,    /* a SEARCH KEY EQUAL, likewise */
    DASD_FOUND_FORMAT = 1 << 3, /* a format write */
};

typedef struct {
    guint operation;   /* a bit of the above; 0: no domain */
    guint orientation; /* DASD_ORIENT_* */
    guint count;       /* commands that it still has: records, or tracks */
    gboolean fresh;    /* no command of it was executed */
    guint16 length;    /* the transfer length factor, or else the block size of the extent; 0: unknown */
} DasdDomain;

/*
 * All that lasts for one chain of commands. It is new at each START SUBCHANNEL, and at each RESUME SUBCHANNEL: a
 * control unit takes the first command of either for the first of a chain. A program inherits nothing from the
 * program before it.
 */
typedef struct {
    /* The place: unknown until a command names a cylinder and a head. */
    gboolean placed;
    guint32 track_number; /* where the access mechanism stands, if placed */
    DasdTrack *track;     /* track_number's, NULL if not loaded */
    DasdOrientation at;
    guint32 record; /* index, from DASD_AT_COUNT on */
    guint index_passes;
    /* What limits the commands that follow. */
    gboolean extent_defined;
    gboolean mask_set; /* by SET FILE MASK */
    gboolean ipl_read; /* READ IPL implies an extent, too: the whole volume */
    guint8 mask;
    guint16 block_size;  /* of the extent, 0: unknown */
    guint32 first_track; /* of the extent */
    guint32 last_track;
    /* The order of commands. */
    DasdDomain domain;
    guint found;        /* a bit of DASD_FOUND_*, 0: nothing that a write may follow */
    gboolean found_now; /* by the command before */
    guint8 previous;    /* code of the command before, 0 for the first */
    guint commands;     /* that were executed */
    gboolean ended;     /* the command before allows none behind it */
    guint prepared;     /* READ SUBSYSTEM DATA's next answer: 1 and its row in dasd-cmd-subsystem.c, 0 for none */
    guint8 message[4];  /* the identifier of the message that the answer is about */
} DasdChain;

typedef struct _DasdExec {
    DasdDevice *device;
    const guint8 *orb;
    DasdProgram program;
    DasdData data;
    DasdCcw ccw;
    guint8 dstat;
    guint8 cstat;
    gboolean pci; /* a program-controlled interruption that was not told yet */
    DasdChain chain;
} DasdExec;

typedef void (*DasdCmdFunc)(DasdExec *exec);

enum {
    DASD_CMD_IMMEDIATE = 1 << 0,       /* moves no data: no incorrect length */
    DASD_CMD_KEEPS_SENSE = 1 << 1,     /* every other command clears pending sense */
    DASD_CMD_OPENS_DOMAIN = 1 << 2,    /* not counted by it */
    DASD_CMD_IN_DOMAIN = 1 << 3,       /* in a domain only */
    DASD_CMD_UPDATE = 1 << 4,          /* writes key or data of what is there */
    DASD_CMD_FORMAT = 1 << 5,          /* writes records anew */
    DASD_CMD_R0 = 1 << 6,              /* with FORMAT: also needs the mask for R0 */
    DASD_CMD_SCAN = 1 << 7,            /* passes of the index add up from one to the next */
    DASD_CMD_PLACED = 1 << 8,          /* works where its chain said before: a cylinder and a head */
    DASD_CMD_BEFORE_LIMITS = 1 << 9,   /* not behind an extent, a file mask or READ IPL */
    DASD_CMD_AT_ONCE = 1 << 10,        /* outside a domain, with nothing between the search and it */
    DASD_CMD_FIRST = 1 << 11,          /* of its chain, but for a suspension of multipath reconnection */
    DASD_CMD_AFTER_IDENTITY = 1 << 12, /* with FIRST: or directly behind READ CONFIGURATION DATA or CHARACTERISTICS */
    DASD_CMD_LAST = 1 << 13,           /* of its chain */
};

typedef struct _DasdCmd {
    guint8 code;
    const char *name;
    DasdCmdFunc run;
    guint16 min;   /* bytes of data that the command needs */
    guint flags;   /* DASD_CMD_* */
    guint domains; /* DASD_OP_* that it may be executed in */
    guint found;   /* DASD_FOUND_*: outside a domain it follows one of these; 0: needs no search */
    guint keeps;   /* DASD_FOUND_* that are still true for the command behind it */
} DasdCmd;

/* The row of a command; NULL if there is none. */
const DasdCmd *dasd_cmd_find(guint8 code);

typedef enum {
    DASD_PHASE_ACTIVE,
    DASD_PHASE_SUSPENDED, /* before exec->ccw */
    DASD_PHASE_ENDED,
} DasdPhase;

/* Runs the loaded program until it ends or is suspended: exec->dstat, cstat, ccw and data say how it went. */
DasdPhase dasd_exec_run(DasdExec *exec);

/* The order of commands (dasd-sequence.c): before a command runs. FALSE after dasd_check, when it may not. */
gboolean dasd_sequence_check(DasdExec *exec, const DasdCmd *cmd);
void dasd_sequence_begin(DasdChain *chain, const DasdCmd *cmd);

/* After a command ran. */
void dasd_sequence_end(DasdExec *exec, const DasdCmd *cmd);

/* Whether a chain may end here: all commands that its last locate record promised have come. */
gboolean dasd_sequence_is_complete(const DasdChain *chain);

/* The IRB of a program in this phase. */
void dasd_status_build(const DasdExec *exec, DasdPhase phase, guint8 irb[CCW_IRB_SIZE]);

/* Ends the chain with unit check and sense. Always FALSE, for return. */
gboolean dasd_check(DasdExec *exec, DasdCheck check);

/* The same, after the host could not read or write. */
gboolean dasd_check_host(DasdExec *exec);

/*
 * Moves. Each returns FALSE after dasd_check, when the place is not to be had.
 */
/* To the index of a track of the extent. */
gboolean dasd_move_to_track(DasdExec *exec, guint32 number);

/*
 * Makes exec->chain.track the current track: what is not data of its records. Those are to be fetched before they are
 * looked at; before the track is formatted, those that stay. A damaged track is a check.
 */
gboolean dasd_move_load(DasdExec *exec);
gboolean dasd_move_fetch(DasdExec *exec, guint32 first, guint32 last);
gboolean dasd_move_fetch_track(DasdExec *exec);

/* To the next track, as a multi-track command goes: through a domain's extent, else to the end of the cylinder. */
gboolean dasd_move_next_track(DasdExec *exec);

/* To the next count field, R0's included or not; multi goes on to the next track at the index. */
gboolean dasd_move_next_count(DasdExec *exec, gboolean multi, gboolean with_r0);

/* To a count field unless one was just passed: what reads and writes of a key or data begin with. */
gboolean dasd_move_to_record(DasdExec *exec, gboolean multi);

static inline DasdRecord *dasd_exec_record(DasdExec *exec)
{
    return &exec->chain.track->records[exec->chain.record];
}

/* Whether the current command is of the multi-track kind: the left bit of its code. */
static inline gboolean dasd_exec_multi(const DasdExec *exec)
{
    return (exec->ccw.cmd & 0x80) != 0;
}

/* The commands, by the file they are in; the table is in dasd-cmd.c. */
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
