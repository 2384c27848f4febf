/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A trace record: one function of a subchannel, from start to status, with its program and the first bytes of its
 * data. It is what the VFIO library writes into the ring, what --record keeps and --decode reads. Everything in it is
 * big-endian, so that a file means the same everywhere. Whoever reads one trusts nothing in it: it comes out of a QEMU
 * that a guest may have taken over.
 *
 *   0 magic (32 bits)      4 length in bytes, a multiple of 8 (32)    8 sequence number, from 0 in each ring (64)
 *  16 start, ns since 1970 (64)                                      24 duration, ns (64)
 *  32 cssid (8)           33 ssid (8)    34 devno (16)               36 function (8)    37 0 (8)
 *  38 number of CCWs (16) 40 errno that the subchannel answered with, 0: none (32)
 *  44 8 beyond the last CCW executed, in the program; 0: not known (32)
 *  48 ORB (12)            60 IRB (96)   156 0 (32)                  160 the CCWs
 *
 * A CCW:
 *   0 the program's CCW, format 1; of a TIC the address is the offset of its target in the program (64)
 *   8 how many addresses follow (16), 10 how many bytes of data follow them (16), 12 0 (32)
 *  16 the addresses, of guest storage (64 each): of the data, or of each IDAW; TRACE_NO_ADDRESS: not known
 *     the data, filled up with zeros to a multiple of 8
 */
#pragma once

#include "channel/request.h"
#include "util/address.h"

#define TRACE_RECORD_MAGIC 0x43435754u /* "CCWT" */
#define TRACE_RECORD_SIZE 160          /* without CCWs */
#define TRACE_CCW_SIZE 16              /* without addresses and data */
#define TRACE_ADDRESSES_MAX 33         /* 65535 bytes that begin at the end of a 2 KiB block */
#define TRACE_DATA_MAX 1024            /* bytes of data kept of a CCW, at most */
#define TRACE_DATA_DEFAULT 64
#define TRACE_NO_ADDRESS G_MAXUINT64
#define TRACE_RECORD_MAX                                                                                               \
    (TRACE_RECORD_SIZE + CCW_PROGRAM_MAX * (TRACE_CCW_SIZE + TRACE_ADDRESSES_MAX * 8 + TRACE_DATA_MAX))

#define TRACE_OFS_LENGTH 4
#define TRACE_OFS_SEQUENCE 8
#define TRACE_OFS_STARTED 16
#define TRACE_OFS_DURATION 24
#define TRACE_OFS_CSSID 32
#define TRACE_OFS_SSID 33
#define TRACE_OFS_DEVNO 34
#define TRACE_OFS_FUNCTION 36
#define TRACE_OFS_CCWS 38
#define TRACE_OFS_ERRNO 40
#define TRACE_OFS_STOP 44
#define TRACE_OFS_ORB 48
#define TRACE_OFS_IRB 60

#define TRACE_CCW_OFS_ADDRESSES 8
#define TRACE_CCW_OFS_DATA 10

typedef enum {
    TRACE_START,       /* START SUBCHANNEL */
    TRACE_HALT,        /* HALT SUBCHANNEL */
    TRACE_CLEAR,       /* CLEAR SUBCHANNEL */
    TRACE_REQUEST,     /* VFIO_DEVICE_CCW_CMD_REQUEST on the device's descriptor */
    TRACE_UNSOLICITED, /* no function: the device tells something of itself */
    TRACE_FUNCTIONS
} TraceFunction;

typedef struct {
    guint64 sequence;
    guint64 started;  /* ns since 1970 */
    guint64 duration; /* ns */
    CcwBusId bus_id;
    TraceFunction function;
    guint32 error; /* an errno, 0: none */
    guint32 stop;  /* as above */
    guint n_ccws;
    const guint8 *orb; /* in the record's bytes, as all that follows */
    const guint8 *irb;
    const guint8 *rest; /* CCWs that trace_record_next() has not given yet */
    guint n_left;
} TraceRecord;

typedef struct {
    guint8 cmd;
    guint8 flags;
    guint16 count;
    guint32 cda;
    guint n_addresses;
    const guint8 *addresses; /* 64 bits each, big-endian */
    guint n_data;
    const guint8 *data;
} TraceCcw;

/* The length that a record's first 8 bytes tell; 0 if they begin none, or one beyond TRACE_RECORD_MAX. */
gsize trace_record_length(const guint8 *bytes);

/*
 * Reads and checks the whole record, of exactly `length` bytes, which stay the caller's and are referred to.
 * Error: CCW_ERROR_PROTOCOL; *ret_record is written on success only.
 */
gboolean trace_record_parse(const guint8 *bytes, gsize length, TraceRecord *ret_record, GError **error);

/* The next CCW of a record that was parsed; FALSE after the last. */
gboolean trace_record_next(TraceRecord *record, TraceCcw *ret_ccw);
