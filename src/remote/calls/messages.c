/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person is to be warned of, where libvirt has a place for it: the messages of a domain (virsh dominfo).
 * libvirt's own are the first; ours follow, of the XML that the client may read, and only where none of a certain kind
 * are asked for.
 */
#include <string.h>

#include "qemu/validate.h"
#include "remote/calls/calls.h"
#include "remote/connection-private.h"
#include "remote/relay-xml.h"
#include "remote/validator.h"
#include "rpc/xdr.h"

#define MESSAGES_MAX 2048u /* REMOTE_DOMAIN_MESSAGES_MAX */

typedef struct {
    CcwAction action;
    GByteArray *reply; /* libvirt's */
    char *xml;
    GPtrArray *warnings;
    GArray *devices; /* of CcwQemuDevice: to be looked at */
} Messages;

static void messages_free(CcwAction *action)
{
    Messages *messages = (Messages *)action;

    g_clear_pointer(&messages->reply, g_byte_array_unref);
    g_free(messages->xml);
    g_clear_pointer(&messages->warnings, g_ptr_array_unref);
    g_clear_pointer(&messages->devices, g_array_unref);
    g_free(messages);
}

static void end(CcwAction *action)
{
    ccw_action_end(action, g_steal_pointer(&((Messages *)action)->reply));
}

/* Who reads it has not the XML before them. */
static const char *without_line(const char *warning)
{
    const char *rest = g_str_has_prefix(warning, "line ") ? strstr(warning, ": ") : NULL;

    return rest ? rest + strlen(": ") : warning;
}

/* An array of strings, in which there are as many more; NULL if it is none. */
static GByteArray *add(const Messages *messages)
{
    const guint8 *payload = messages->reply->data + CCW_FRAME_HEAD;
    gsize length = messages->reply->len - CCW_FRAME_HEAD;
    g_autoptr(GByteArray) out = g_byte_array_new();
    CcwXdrReader reader;
    guint32 count, more;

    ccw_xdr_reader_init(&reader, payload, length);
    count = ccw_xdr_read_u32(&reader);
    if (reader.failed || count > MESSAGES_MAX)
        return NULL;
    more = MIN(messages->warnings->len, MESSAGES_MAX - count);
    ccw_xdr_write_u32(out, count + more);
    g_byte_array_append(out, payload + reader.at, (guint)(length - reader.at));
    for (guint i = 0; i < more; i++) {
        const char *warning = without_line(messages->warnings->pdata[i]);

        ccw_xdr_write_string(out, warning, strlen(warning));
    }
    return g_steal_pointer(&out);
}

static void looked(CcwAction *action)
{
    Messages *messages = (Messages *)action;
    g_autoptr(GByteArray) payload = messages->warnings->len ? add(messages) : NULL;

    if (payload)
        ccw_action_end(action, ccw_action_success(action, payload));
    else
        end(action);
}

static void look_work(CcwAction *action)
{
    const Messages *messages = (Messages *)action;

    ccw_qemu_warn_of_devices(action->connection->services->host, messages->devices, messages->warnings);
}

static void read_work(CcwAction *action)
{
    Messages *messages = (Messages *)action;

    messages->devices = g_array_new(FALSE, FALSE, sizeof(CcwQemuDevice));
    messages->warnings = ccw_validator_read(messages->xml, messages->devices);
}

/* A domain of the longest XML takes its time among those that parse; only its devices are among those that wait. */
static void was_read(CcwAction *action)
{
    const Messages *messages = (Messages *)action;

    if (messages->devices->len && action->connection->services->host)
        ccw_action_work(action, CCW_WORK_HOST, look_work, looked);
    else
        looked(action);
}

static void got_domain_xml(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    Messages *messages = (Messages *)action;

    if (header->status == CCW_STATUS_OK)
        messages->xml = ccw_action_read_domain_xml(action, payload, length);
    if (messages->xml)
        ccw_action_work(action, CCW_WORK_PARSE, read_work, was_read);
    else
        end(action);
}

static void got_messages(CcwAction *action, const CcwHeader *header, const guint8 *payload, gsize length)
{
    ((Messages *)action)->reply = ccw_relay_raise(header, payload, length);
    if (header->status == CCW_STATUS_OK)
        ccw_action_get_domain_xml(action, got_domain_xml, end);
    else
        end(action);
}

gboolean ccw_messages_begin(CcwConnection *connection, const CcwProcedure *procedure, const CcwHeader *header,
                            const guint8 *payload, gsize length)
{
    g_autoptr(GByteArray) frame = NULL;
    CcwArguments arguments;
    Messages *messages;

    if (!ccw_arguments_read(&arguments, procedure->call, payload, length))
        return FALSE;
    if (arguments.flags) {
        ccw_arguments_clear(&arguments);
        return FALSE;
    }
    frame = ccw_frame_new(header, payload, length);
    messages = g_new0(Messages, 1);
    messages->action.free = messages_free;
    ccw_action_begin(&messages->action, connection, header, &arguments);
    ccw_action_call(&messages->action, frame, got_messages, end);
    return TRUE;
}
