/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client's call of a procedure in the table, decoded. virtccwd reads the payload once and parses the XML once. It
 * frees the parsed document at once, because the document may take many times the memory that the client is charged
 * for.
 */
#pragma once

#include "conf/conf.h"
#include "remote/payload.h"
#include "remote/protocol.h"
#include "remote/validator.h"
#include "rpc/wire.h"
#include "util/fd.h"

struct _RemoteCall {
    const RemoteProcedure *procedure;
    RpcHeader header;
    GByteArray *frame;         /* the frame as received, without its descriptors, or NULL once it is dropped */
    const CcwFdCloser *closer; /* closes fds */
    GArray *fds;               /* its descriptors, as gint, or NULL if it has none */
    gboolean matches; /* the payload is laid out as the table says; if FALSE, none of the members below is set */
    RemoteArguments arguments;
    GArray *texts;       /* of RemoteText: positions of the XML, or NULL if the call has no XML */
    GArray *hostdevs;    /* of ConfHostdev: the ccw devices in the XML, or NULL if it has none or is not well-formed */
    ConfMapCss map;      /* the feature in the XML */
    GByteArray *lowered; /* the frame for libvirt; NULL: the same as received */
    RemoteRemarks remarks; /* remarks of the validator */
    GError *error;         /* why virtccwd rejects the call; or NULL */
};

/**
 * remote_call_new:
 * @payload: copied
 * @fds: its descriptors, or NULL if it has none: the function owns them, and empties the array
 * @closer: outlives the call
 *
 * Returns: a call, not yet decoded.
 */
RemoteCall *remote_call_new(const RemoteProcedure *procedure, const RpcHeader *header, const guint8 *payload,
                            gsize length, GArray *fds, const CcwFdCloser *closer);
void remote_call_free(RemoteCall *call); /* closes descriptors that were not sent */

/* Returns: whether calls of @procedure have XML, according to the table. */
gboolean remote_call_has_xml(const RemoteProcedure *procedure);

/* Returns: whether virtccwd must parse the XML of a call, because it contains one of our words. Takes linear time. */
gboolean remote_call_may_have_ours(const RemoteProcedure *procedure, const guint8 *payload, gsize length);

/**
 * remote_call_decode:
 *
 * Reads the payload: sets @call's matches and the members after it. If remote_call_may_have_ours(), this function
 * parses XML: call it in a worker then.
 */
void remote_call_decode(RemoteCall *call);

/* Returns: the frame for libvirt. It belongs to the call. */
GByteArray *remote_call_frame(const RemoteCall *call);

/* Frees the XML, and the frame as received if it was lowered. The call must not be lowered again. */
void remote_call_drop_xml(RemoteCall *call);

/* Frees the frame for libvirt, too, after the last time that virtccwd sends it. */
void remote_call_drop_frame(RemoteCall *call);

/**
 * remote_call_lower:
 * @map: feature of the domain that a bare hostdev belongs to; NULL: not known
 *
 * Lowers the XML of a decoded call again, for a domain with that feature, and validates the XML if lowering changes it.
 * This function parses XML: call it in a worker.
 *
 * Returns: FALSE and CCW_ERROR_INVALID or CCW_ERROR_UNSUPPORTED if virtccwd must reject the call.
 */
gboolean remote_call_lower(RemoteCall *call, const ConfMapCss *map, GError **error);
