/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/payload.h"

#include <libvirt/libvirt.h>
#include <string.h>

#include "rpc/xdr.h"

#define UUID_BYTES 16
#define PARAMS_MAX 1024 /* more than each of libvirt's *_PARAMETERS_MAX for these procedures */
#define SHORT_MAX 256   /* bytes of a string that is kept */

/* The fields: code, domain, message, level, dom, str1, str2, str3, int1, int2, net. */
const RemoteField remote_error_fields[REMOTE_FIELDS_MAX] = {
    REMOTE_FIELD_U32,        REMOTE_FIELD_U32,      REMOTE_FIELD_OPT_TEXT,    REMOTE_FIELD_U32,
    REMOTE_FIELD_OPT_DOMAIN, REMOTE_FIELD_OPT_TEXT, REMOTE_FIELD_OPT_TEXT,    REMOTE_FIELD_OPT_TEXT,
    REMOTE_FIELD_U32,        REMOTE_FIELD_U32,      REMOTE_FIELD_OPT_NETWORK,
};

typedef struct {
    RpcXdrReader reader;
    RemoteArguments *arguments; /* NULL: the caller does not need them */
    GArray **texts;             /* NULL: the caller does not need them */
} PayloadReader;

/* libvirt's longest opaque has REMOTE_MIGRATE_COOKIE_MAX bytes, as many as a string may have. */
static void skip_opaque(RpcXdrReader *reader)
{
    guint32 length = rpc_xdr_read_u32(reader);

    if (length > RPC_XDR_STRING_MAX)
        reader->failed = TRUE;
    rpc_xdr_read_fixed(reader, length);
}

static void skip_string(RpcXdrReader *reader)
{
    gsize length;

    rpc_xdr_read_string(reader, &length);
}

static void skip_network(RpcXdrReader *reader)
{
    skip_string(reader);
    rpc_xdr_read_fixed(reader, UUID_BYTES);
}

static void read_text(PayloadReader *payload)
{
    RemoteText found = { .at = payload->reader.at };
    const char *text = rpc_xdr_read_string(&payload->reader, &found.length);

    if (!text)
        return;
    found.end = payload->reader.at;
    if (payload->texts && !*payload->texts)
        *payload->texts = g_array_new(FALSE, FALSE, sizeof(RemoteText));
    if (payload->texts)
        g_array_append_val(*payload->texts, found);
    if (payload->arguments && !payload->arguments->xml)
        payload->arguments->xml = g_strndup(text, found.length);
}

static void read_number(PayloadReader *payload)
{
    RemoteArguments *arguments = payload->arguments;
    guint32 value = rpc_xdr_read_u32(&payload->reader);

    if (!arguments)
        return;
    if (!arguments->has_flags)
        arguments->first = value;
    arguments->has_flags = TRUE;
    arguments->flags = value;
}

static void read_hyper(PayloadReader *payload)
{
    RemoteArguments *arguments = payload->arguments;
    guint64 value = rpc_xdr_read_u64(&payload->reader);

    if (!arguments || arguments->has_hyper)
        return;
    arguments->has_hyper = TRUE;
    arguments->hyper = value;
}

/* @ret_first: receives the first string; NULL: the caller does not need it */
static void read_string(PayloadReader *payload, char **ret_first)
{
    gsize length = 0;
    const char *text = rpc_xdr_read_string(&payload->reader, &length);

    if (text && ret_first && !*ret_first)
        *ret_first = g_strndup(text, length);
}

/* Keeps the first string if it is short. */
static void read_short_string(PayloadReader *payload)
{
    RemoteArguments *arguments = payload->arguments;
    gsize length = 0;
    const char *text = rpc_xdr_read_string(&payload->reader, &length);

    if (text && arguments && !arguments->string && length <= SHORT_MAX)
        arguments->string = g_strndup(text, length);
}

static char *format_uuid(const guint8 *uuid)
{
    GString *text = g_string_sized_new(VIR_UUID_STRING_BUFLEN);

    for (guint i = 0; i < UUID_BYTES; i++)
        g_string_append_printf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
    return g_string_free(text, FALSE);
}

static void read_domain(PayloadReader *payload)
{
    RemoteArguments *arguments = payload->arguments;
    RpcXdrReader *reader = &payload->reader;
    gsize at = reader->at;
    const guint8 *uuid;

    skip_string(reader);
    uuid = rpc_xdr_read_fixed(reader, UUID_BYTES);
    rpc_xdr_read_u32(reader);
    if (reader->failed || !arguments || arguments->domain)
        return;
    arguments->domain = g_bytes_new(reader->start + at, reader->at - at);
    arguments->domain_uuid = format_uuid(uuid);
}

static gboolean is_xml_param(const char *name, gsize length)
{
    static const char *const names[] = {
        VIR_DOMAIN_SAVE_PARAM_DXML,
        VIR_MIGRATE_PARAM_DEST_XML,
        VIR_MIGRATE_PARAM_PERSIST_XML,
    };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        if (length == strlen(names[i]) && memcmp(name, names[i], length) == 0)
            return TRUE;
    return FALSE;
}

/* Reads a remote_typed_param: a name, a type of virTypedParameterType, and a value of that type. */
static void read_param(PayloadReader *payload)
{
    RpcXdrReader *reader = &payload->reader;
    gsize length = 0;
    const char *name = rpc_xdr_read_string(reader, &length);

    switch (rpc_xdr_read_u32(reader)) {
    case VIR_TYPED_PARAM_INT:
    case VIR_TYPED_PARAM_UINT:
    case VIR_TYPED_PARAM_BOOLEAN:
        rpc_xdr_read_u32(reader);
        break;
    case VIR_TYPED_PARAM_LLONG:
    case VIR_TYPED_PARAM_ULLONG:
    case VIR_TYPED_PARAM_DOUBLE:
        rpc_xdr_read_u64(reader);
        break;
    case VIR_TYPED_PARAM_STRING:
        if (name && is_xml_param(name, length))
            read_text(payload);
        else
            skip_string(reader);
        break;
    default:
        reader->failed = TRUE;
    }
}

static void read_params(PayloadReader *payload)
{
    guint32 count = rpc_xdr_read_u32(&payload->reader);

    if (count > PARAMS_MAX)
        payload->reader.failed = TRUE;
    for (guint32 i = 0; i < count && !payload->reader.failed; i++)
        read_param(payload);
}

static gboolean is_optional(RemoteField field)
{
    return field == REMOTE_FIELD_OPT_STRING || field == REMOTE_FIELD_OPT_XML || field == REMOTE_FIELD_OPT_TEXT ||
           field == REMOTE_FIELD_OPT_DOMAIN || field == REMOTE_FIELD_OPT_NETWORK;
}

static void read_field(PayloadReader *payload, RemoteField field)
{
    RemoteArguments *arguments = payload->arguments;

    if (is_optional(field) && !rpc_xdr_read_present(&payload->reader))
        return;
    switch (field) {
    case REMOTE_FIELD_END:
        break;
    case REMOTE_FIELD_U32:
        read_number(payload);
        break;
    case REMOTE_FIELD_U64:
        read_hyper(payload);
        break;
    case REMOTE_FIELD_OPAQUE:
        skip_opaque(&payload->reader);
        break;
    case REMOTE_FIELD_STRING:
        read_short_string(payload);
        break;
    case REMOTE_FIELD_OPT_STRING:
        read_string(payload, arguments ? &arguments->option : NULL);
        break;
    case REMOTE_FIELD_NODE:
        read_string(payload, arguments ? &arguments->node : NULL);
        break;
    case REMOTE_FIELD_XML:
    case REMOTE_FIELD_OPT_XML:
    case REMOTE_FIELD_OPT_TEXT:
        read_text(payload);
        break;
    case REMOTE_FIELD_PARAMS:
        read_params(payload);
        break;
    case REMOTE_FIELD_DOMAIN_CHILD:
        skip_string(&payload->reader);
        G_GNUC_FALLTHROUGH;
    case REMOTE_FIELD_DOMAIN:
    case REMOTE_FIELD_OPT_DOMAIN:
        read_domain(payload);
        break;
    case REMOTE_FIELD_OPT_NETWORK:
        skip_network(&payload->reader);
        break;
    }
}

/* Returns: whether the whole payload is laid out as the fields say. */
static gboolean read_fields(PayloadReader *payload, const RemoteField *fields, const guint8 *bytes, gsize length)
{
    rpc_xdr_reader_init(&payload->reader, bytes, length);
    for (gsize i = 0; i < REMOTE_FIELDS_MAX && fields[i] != REMOTE_FIELD_END && !payload->reader.failed; i++)
        read_field(payload, fields[i]);
    return !payload->reader.failed && payload->reader.at == length;
}

gboolean remote_payload_matches(const RemoteField *fields, const guint8 *payload, gsize length)
{
    PayloadReader reader = { 0 };

    return read_fields(&reader, fields, payload, length);
}

GArray *remote_payload_find_texts(const RemoteField *fields, const guint8 *payload, gsize length)
{
    g_autoptr(GArray) texts = NULL;
    PayloadReader reader = { .texts = &texts };

    return read_fields(&reader, fields, payload, length) ? g_steal_pointer(&texts) : NULL;
}

gboolean remote_payload_read(const RemoteField *fields, const guint8 *payload, gsize length,
                             RemoteArguments *ret_arguments, GArray **ret_texts)
{
    RemoteArguments arguments = { 0 };
    g_autoptr(GArray) texts = NULL;
    PayloadReader reader = { .arguments = &arguments, .texts = &texts };

    if (!read_fields(&reader, fields, payload, length)) {
        remote_arguments_clear(&arguments);
        return FALSE;
    }
    *ret_arguments = arguments;
    *ret_texts = g_steal_pointer(&texts);
    return TRUE;
}

void remote_arguments_clear(RemoteArguments *arguments)
{
    g_clear_pointer(&arguments->domain_uuid, g_free);
    g_clear_pointer(&arguments->domain, g_bytes_unref);
    g_clear_pointer(&arguments->xml, g_free);
    g_clear_pointer(&arguments->node, g_free);
    g_clear_pointer(&arguments->option, g_free);
    g_clear_pointer(&arguments->string, g_free);
}
