/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Defines and parses trace records. A record is one function of a subchannel, from start to status, with its program
 * and the first bytes of its data. The VFIO library writes records into the ring; --record writes them to a file, and
 * --decode reads that. All integers are big-endian, so that a file means the same on every machine. A record may be
 * hostile, because it comes from a QEMU that a guest may control.
 *
 *   0 magic (32 bits)      4 length in bytes, a multiple of 8 (32)    8 sequence number, from 0 in each ring (64)
 *  16 start, ns since 1970 (64)                                      24 duration, ns (64)
 *  32 cssid (8)           33 ssid (8)    34 devno (16)               36 function (8)    37 0 (8)
 *  38 number of CCWs (16) 40 errno of the subchannel's answer, 0: no error (32)
 *  44 offset in the program, 8 beyond the last executed CCW; 0: unknown (32)
 *  48 ORB (12)            60 IRB (96)   156 0 (32)                  160 the CCWs
 *
 * A CCW:
 *   0 the program's CCW, format 1; the address of a TIC is the offset of its target in the program (64)
 *   8 number of addresses (16), 10 bytes of data (16), 12 0 (32)
 *  16 the guest's addresses of the data or of the data of each IDAW (64 each); TRACE_NO_ADDRESS: unknown
 *     the data, padded with zeros to a multiple of 8
 */
#pragma once

#include "channel/request.h"
#include "util/address.h"

#define TRACE_RECORD_MAGIC 0x43435754u /* "CCWT" */
#define TRACE_RECORD_SIZE 160          /* without CCWs */
#define TRACE_CCW_SIZE 16              /* without addresses and data */
#define TRACE_ADDRESSES_MAX 33         /* for 65535 bytes from the last byte of a 2 KiB block on */
#define TRACE_DATA_MAX 1024            /* the largest number of bytes of a CCW's data */
#define TRACE_DATA_DEFAULT 64
#define TRACE_NO_ADDRESS G_MAXUINT64
#define TRACE_RECORD_MAX                                                                                               \
    (TRACE_RECORD_SIZE + CHANNEL_PROGRAM_MAX * (TRACE_CCW_SIZE + TRACE_ADDRESSES_MAX * 8 + TRACE_DATA_MAX))

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
    TRACE_UNSOLICITED, /* an unsolicited interruption of the device, without a function */
    TRACE_FUNCTIONS
} TraceFunction;

typedef struct {
    guint64 sequence;
    guint64 started;  /* ns since 1970 */
    guint64 duration; /* ns */
    CcwBusId bus_id;
    TraceFunction function;
    guint32 error; /* an errno; 0: no error */
    guint32 stop;  /* offset in the program, 8 beyond the last executed CCW; 0: unknown */
    guint n_ccws;
    const guint8 *orb;  /* this and the next two point into the record's bytes */
    const guint8 *irb;  /* in the guest's terms */
    const guint8 *rest; /* the CCWs that trace_record_next() has not returned yet */
    guint n_left;       /* their number */
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

/* Returns: a record's length, from its first 8 bytes; 0 for no record, or one longer than TRACE_RECORD_MAX. */
gsize trace_record_length(const guint8 *bytes);

/**
 * trace_record_parse: Parses and checks a whole record.
 * @bytes: exactly the record's bytes, which must live as long as @ret_record
 * @ret_record: written on success only
 *
 * Returns: TRUE; FALSE with CCW_ERROR_PROTOCOL.
 */
gboolean trace_record_parse(const guint8 *bytes, gsize length, TraceRecord *ret_record, GError **error);

/* Parses the next CCW of a record. Returns: FALSE after the last CCW. */
gboolean trace_record_next(TraceRecord *record, TraceCcw *ret_ccw);
