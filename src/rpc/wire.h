/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A frame of libvirt's RPC (libvirt docs/internals/rpc, src/rpc/virnetprotocol.x): a big-endian length that includes
 * itself, a header of six big-endian words, and the payload in XDR. The meaning of a payload does not belong here.
 */
#pragma once

#include <glib.h>

#define RPC_FRAME_HEAD 28u                     /* bytes of length and header */
#define RPC_FRAME_MAX (32u * 1024 * 1024 + 4u) /* VIR_NET_MESSAGE_MAX, which does not count the length itself */
#define RPC_FRAME_FDS_MAX 32u                  /* VIR_NET_MESSAGE_NUM_FDS_MAX */

#define RPC_PROGRAM_REMOTE 0x20008086u
#define RPC_PROGRAM_QEMU 0x20008087u
#define RPC_PROGRAM_KEEPALIVE 0x6b656570u
#define RPC_PROGRAM_VERSION 1u /* version of each of these programs */

#define RPC_KEEPALIVE_PING 1
#define RPC_KEEPALIVE_PONG 2

typedef enum {
    RPC_TYPE_CALL = 0,
    RPC_TYPE_REPLY = 1,
    RPC_TYPE_MESSAGE = 2,
    RPC_TYPE_STREAM = 3,
    RPC_TYPE_CALL_WITH_FDS = 4,
    RPC_TYPE_REPLY_WITH_FDS = 5,
    RPC_TYPE_STREAM_HOLE = 6,
} RpcFrameType;

typedef enum {
    RPC_STATUS_OK = 0,
    RPC_STATUS_ERROR = 1,
    RPC_STATUS_CONTINUE = 2,
} RpcFrameStatus;

typedef struct {
    guint32 length; /* length of the whole frame */
    guint32 program;
    guint32 version;
    gint32 procedure;
    guint32 type;
    guint32 serial;
    guint32 status;
    guint32 fds; /* number of descriptors that follow the frame; not part of the header */
} RpcHeader;

/* Returns: FALSE and CCW_ERROR_PROTOCOL if no frame can have that length. Checks no other word. */
gboolean rpc_header_decode(const guint8 bytes[RPC_FRAME_HEAD], RpcHeader *ret_header, GError **error);

/* Returns: TRUE for the two types with a count of file descriptors before the payload, and the descriptors after it. */
gboolean rpc_header_has_fds(const RpcHeader *header);

/* Returns: a whole frame, with header->fds before the payload if the type has such a count. Ignores header->length. */
GByteArray *rpc_frame_new(const RpcHeader *header, const guint8 *payload, gsize length);
