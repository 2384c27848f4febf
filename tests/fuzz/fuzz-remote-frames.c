/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A peer of the proxy under libFuzzer: its stream is taken apart into frames, and every frame that the table has is
 * rewritten by its row, as a call and as a reply, with the real lower and raise. Input: where to cut the stream (one
 * byte), then the stream.
 */
#include <string.h>
#include <unistd.h>

#include "conf/ccw-conf.h"
#include "remote/ccw-inbox.h"
#include "remote/ccw-procedures.h"
#include "remote/ccw-relay.h"
#include "remote/ccw-rewrite.h"
#include "remote/ccw-rpc-error.h"

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size);

static CcwInboxWay on_header(const CcwHeader *header, gpointer data G_GNUC_UNUSED)
{
    return ccw_procedure_lookup(header->program, header->procedure) || header->status == CCW_STATUS_ERROR
               ? CCW_INBOX_TAKE
               : CCW_INBOX_PASS;
}

static void on_pass(const guint8 *bytes G_GNUC_UNUSED, gsize length, gpointer data)
{
    *(gsize *)data += length;
}

static void on_pass_fd(int fd, gpointer data G_GNUC_UNUSED)
{
    close(fd);
}

static void on_boundary(gpointer data G_GNUC_UNUSED)
{
}

/* What comes out must fit its row as what went in did, so that libvirt understands it. */
static void check(const CcwField *fields, const guint8 *payload, gsize length, const GByteArray *frame)
{
    if (ccw_rewrite_matches(fields, payload, length) &&
        !ccw_rewrite_matches(fields, frame->data + CCW_FRAME_HEAD, frame->len - CCW_FRAME_HEAD))
        g_error("a payload of %zu bytes does not fit its row any more", length);
}

static gboolean on_frame(const CcwHeader *header, const guint8 *payload, gsize length, gpointer data G_GNUC_UNUSED)
{
    const CcwProcedure *procedure = ccw_procedure_lookup(header->program, header->procedure);
    g_autoptr(GByteArray) raised = ccw_relay_raise(header, payload, length);
    CcwArguments arguments;
    CcwRpcError error;

    if (procedure) {
        g_autoptr(GByteArray) lowered = ccw_relay_lower(procedure, header, payload, length, CCW_MAP_CSS_ABSENT, NULL);

        if (lowered)
            check(procedure->call, payload, length, lowered);
        if (header->status != CCW_STATUS_ERROR)
            check(procedure->reply, payload, length, raised);
        if (ccw_arguments_read(&arguments, procedure->call, payload, length))
            ccw_arguments_clear(&arguments);
    }
    if (ccw_rpc_error_decode(&error, payload, length))
        ccw_rpc_error_clear(&error);
    return TRUE;
}

static const CcwInboxOps ops = { on_header, on_pass, on_pass_fd, on_frame, on_boundary };

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    CcwInbox inbox;
    gboolean stopped;
    gsize passed = 0;
    gsize cut;

    if (size < 1)
        return 0;
    cut = MIN(data[0], size - 1);
    ccw_inbox_init(&inbox, &ops, &passed);
    if (ccw_inbox_feed(&inbox, data + 1, cut, fds, &stopped, NULL))
        ccw_inbox_feed(&inbox, data + 1 + cut, size - 1 - cut, fds, &stopped, NULL);
    if (passed > size)
        g_error("%zu bytes passed of %zu", passed, size);
    ccw_inbox_clear(&inbox);
    return 0;
}
