/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A peer of the proxy under libFuzzer: its stream is taken apart into frames, and every frame that the table has is
 * rewritten by its row, as a call and as a reply, with the real lower and raise. Input: a kind (one byte) and
 *
 *     0   where to cut the stream (one byte), then the stream
 *     1   a row of the table (one byte), then the payload of its call and reply
 *     2   the XML of an attach
 *     3   the payload of an error
 */
#include <unistd.h>

#include "conf/conf.h"
#include "remote/procedures.h"
#include "remote/relay-xml.h"
#include "remote/relay.h"
#include "remote/rewrite.h"
#include "rpc/inbox.h"
#include "rpc/rpc-error.h"
#include "rpc/xdr.h"

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
static void check(const CcwHeader *header, const CcwField *fields, const guint8 *payload, gsize length,
                  const GByteArray *frame)
{
    const guint head = CCW_FRAME_HEAD + (ccw_header_has_fds(header) ? 4 : 0);

    if (ccw_rewrite_matches(fields, payload, length) &&
        !ccw_rewrite_matches(fields, frame->data + head, frame->len - head))
        g_error("a payload of %zu bytes does not fit its row any more", length);
}

static gboolean on_frame(const CcwHeader *header, const guint8 *payload, gsize length, GArray *fds G_GNUC_UNUSED,
                         gpointer data G_GNUC_UNUSED)
{
    const CcwProcedure *procedure = ccw_procedure_lookup(header->program, header->procedure);
    g_autoptr(GByteArray) raised = ccw_relay_raise(header, payload, length);
    CcwArguments arguments;
    CcwRpcError error;

    if (procedure) {
        g_autoptr(GByteArray) lowered = ccw_relay_lower(procedure, header, payload, length, CCW_MAP_CSS_ABSENT, NULL);

        if (lowered)
            check(header, procedure->call, payload, length, lowered);
        if (header->status != CCW_STATUS_ERROR)
            check(header, procedure->reply, payload, length, raised);
        if (ccw_arguments_read(&arguments, procedure->call, payload, length))
            ccw_arguments_clear(&arguments);
    }
    if (ccw_rpc_error_decode(&error, payload, length))
        ccw_rpc_error_clear(&error);
    return TRUE;
}

static const CcwInboxOps ops = { on_header, on_pass, on_pass_fd, on_frame, on_boundary };

static void stream(const guint8 *data, gsize size)
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    gsize cut = MIN(data[0], size - 1);
    gsize passed = 0;
    gboolean stopped;
    CcwInbox inbox;

    ccw_inbox_init(&inbox, &ops, &passed);
    if (ccw_inbox_feed(&inbox, data + 1, cut, fds, &stopped, NULL))
        ccw_inbox_feed(&inbox, data + 1 + cut, size - 1 - cut, fds, &stopped, NULL);
    if (passed > size)
        g_error("%zu bytes passed of %zu", passed, size);
    ccw_inbox_clear(&inbox);
}

static void row(const guint8 *data, gsize size)
{
    gsize count;
    const CcwProcedure *procedure = &ccw_procedures(&count)[data[0] % count];
    const CcwHeader header = {
        .program = procedure->program,
        .version = CCW_PROGRAM_VERSION,
        .procedure = procedure->number,
    };

    on_frame(&header, data + 1, size - 1, NULL, NULL);
}

static void attach(const guint8 *data, gsize size)
{
    static const guint8 uuid[16];
    const CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = CCW_PROGRAM_VERSION, .procedure = 8 };
    g_autoptr(GByteArray) payload = g_byte_array_new();

    ccw_xdr_write_string(payload, "guest", 5);
    g_byte_array_append(payload, uuid, sizeof(uuid));
    ccw_xdr_write_u32(payload, 1);
    ccw_xdr_write_string(payload, (const char *)data, size);
    on_frame(&header, payload->data, payload->len, NULL, NULL);
}

static void error_reply(const guint8 *data, gsize size)
{
    const CcwHeader header = {
        .program = CCW_PROGRAM_REMOTE,
        .version = CCW_PROGRAM_VERSION,
        .type = CCW_TYPE_REPLY,
        .status = CCW_STATUS_ERROR,
    };
    g_autoptr(GByteArray) raised = ccw_relay_raise(&header, data, size);

    on_frame(&header, data, size, NULL, NULL);
    check(&header, ccw_error_fields, data, size, raised);
}

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size)
{
    static void (*const kinds[])(const guint8 *data, gsize size) = { stream, row, attach, error_reply };

    if (size >= 2)
        kinds[data[0] % G_N_ELEMENTS(kinds)](data + 1, size - 1);
    return 0;
}
