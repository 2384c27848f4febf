/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A frame of libvirt's RPC (libvirt docs/internals/rpc, src/rpc/virnetprotocol.x): a big-endian length that counts
 * itself, a header of six big-endian words, the payload in XDR. What a payload means does not belong here.
 */
#pragma once

#include <glib.h>

#define CCW_FRAME_HEAD 28u                     /* bytes of length and header */
#define CCW_FRAME_MAX (32u * 1024 * 1024 + 4u) /* VIR_NET_MESSAGE_MAX, which does not count the length itself */
#define CCW_FRAME_FDS_MAX 32u                  /* VIR_NET_MESSAGE_NUM_FDS_MAX */

#define CCW_PROGRAM_REMOTE 0x20008086u
#define CCW_PROGRAM_QEMU 0x20008087u
#define CCW_PROGRAM_KEEPALIVE 0x6b656570u
#define CCW_PROGRAM_VERSION 1u /* of each of these */

#define CCW_KEEPALIVE_PING 1
#define CCW_KEEPALIVE_PONG 2

typedef enum {
    CCW_TYPE_CALL = 0,
    CCW_TYPE_REPLY = 1,
    CCW_TYPE_MESSAGE = 2,
    CCW_TYPE_STREAM = 3,
    CCW_TYPE_CALL_WITH_FDS = 4,
    CCW_TYPE_REPLY_WITH_FDS = 5,
    CCW_TYPE_STREAM_HOLE = 6,
} CcwFrameType;

typedef enum {
    CCW_STATUS_OK = 0,
    CCW_STATUS_ERROR = 1,
    CCW_STATUS_CONTINUE = 2,
} CcwFrameStatus;

typedef struct {
    guint32 length; /* of the whole frame */
    guint32 program;
    guint32 version;
    gint32 procedure;
    guint32 type;
    guint32 serial;
    guint32 status;
    guint32 fds; /* how many descriptors come behind it, of a frame that has them; not part of the header */
} CcwHeader;

/* Error: CCW_ERROR_PROTOCOL, a length that no frame can have. Everything else in a header is its reader's matter. */
gboolean ccw_header_decode(const guint8 bytes[CCW_FRAME_HEAD], CcwHeader *ret_header, GError **error);

/* TRUE for the two types that have a count of file descriptors before, and the descriptors after, their payload. */
gboolean ccw_header_has_fds(const CcwHeader *header);

/* A whole frame, with header->fds before the payload where there is such a count; header->length is not looked at. */
GByteArray *ccw_frame_new(const CcwHeader *header, const guint8 *payload, gsize length);
