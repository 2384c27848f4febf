/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "remote/rewrite.h"

#include <libvirt/libvirt.h>
#include <string.h>

#include "rpc/xdr.h"
#include "util/endian.h"
#include "util/error.h"

#define UUID_BYTES 16
#define PARAMS_MAX 1024 /* more than any of libvirt's *_PARAMETERS_MAX for these procedures */

typedef struct _Walk Walk;

struct _Walk {
    CcwXdrReader reader;
    /* A string to be rewritten, read just now; at is where its length word stands. FALSE ends the walk. */
    gboolean (*text)(Walk *walk, gsize at, const char *text, gsize length);
    /* A domain that stands in the payload from at to the reader's place. */
    void (*domain)(Walk *walk, gsize at, const guint8 *uuid);
    void (*number)(Walk *walk, guint32 value);
    void (*hyper)(Walk *walk, guint64 value);
    /* A string that is only looked at. */
    void (*string)(Walk *walk, CcwField field, const char *text, gsize length);
    gpointer data;
};

/* Longest opaque of libvirt's: REMOTE_MIGRATE_COOKIE_MAX, as many bytes as a string may have. */
static void skip_opaque(CcwXdrReader *reader)
{
    guint32 length = ccw_xdr_read_u32(reader);

    if (length > CCW_XDR_STRING_MAX)
        reader->failed = TRUE;
    ccw_xdr_read_fixed(reader, length);
}

static gboolean read_text(Walk *walk)
{
    gsize at = walk->reader.at;
    gsize length = 0;
    const char *text = ccw_xdr_read_string(&walk->reader, &length);

    return text && (!walk->text || walk->text(walk, at, text, length));
}

static void read_number(Walk *walk)
{
    guint32 value = ccw_xdr_read_u32(&walk->reader);

    if (!walk->reader.failed && walk->number)
        walk->number(walk, value);
}

static void read_hyper(Walk *walk)
{
    guint64 value = ccw_xdr_read_u64(&walk->reader);

    if (!walk->reader.failed && walk->hyper)
        walk->hyper(walk, value);
}

static void skip_string(CcwXdrReader *reader)
{
    gsize length;

    ccw_xdr_read_string(reader, &length);
}

static void read_plain(Walk *walk, CcwField field)
{
    gsize length = 0;
    const char *text = ccw_xdr_read_string(&walk->reader, &length);

    if (text && walk->string)
        walk->string(walk, field, text, length);
}

static void read_domain(Walk *walk)
{
    gsize at = walk->reader.at;
    const guint8 *uuid;

    skip_string(&walk->reader);
    uuid = ccw_xdr_read_fixed(&walk->reader, UUID_BYTES);
    ccw_xdr_read_u32(&walk->reader);
    if (!walk->reader.failed && walk->domain)
        walk->domain(walk, at, uuid);
}

static void skip_network(CcwXdrReader *reader)
{
    skip_string(reader);
    ccw_xdr_read_fixed(reader, UUID_BYTES);
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

/* remote_typed_param: a name, a type of virTypedParameterType, and a value of that type. */
static gboolean read_param(Walk *walk)
{
    CcwXdrReader *reader = &walk->reader;
    gsize length = 0;
    const char *name = ccw_xdr_read_string(reader, &length);

    switch (ccw_xdr_read_u32(reader)) {
    case VIR_TYPED_PARAM_INT:
    case VIR_TYPED_PARAM_UINT:
    case VIR_TYPED_PARAM_BOOLEAN:
        ccw_xdr_read_u32(reader);
        break;
    case VIR_TYPED_PARAM_LLONG:
    case VIR_TYPED_PARAM_ULLONG:
    case VIR_TYPED_PARAM_DOUBLE:
        ccw_xdr_read_u64(reader);
        break;
    case VIR_TYPED_PARAM_STRING:
        if (name && is_xml_param(name, length))
            return read_text(walk);
        skip_string(reader);
        break;
    default:
        return FALSE;
    }
    return !reader->failed;
}

static gboolean read_params(Walk *walk)
{
    guint32 count = ccw_xdr_read_u32(&walk->reader);

    if (count > PARAMS_MAX)
        return FALSE;
    for (guint32 i = 0; i < count; i++)
        if (!read_param(walk))
            return FALSE;
    return TRUE;
}

static gboolean read_field(Walk *walk, CcwField field)
{
    CcwXdrReader *reader = &walk->reader;

    switch (field) {
    case CCW_FIELD_END:
        break;
    case CCW_FIELD_U32:
        read_number(walk);
        break;
    case CCW_FIELD_U64:
        read_hyper(walk);
        break;
    case CCW_FIELD_OPAQUE:
        skip_opaque(reader);
        break;
    case CCW_FIELD_OPT_STRING:
        if (!ccw_xdr_read_present(reader))
            break;
        G_GNUC_FALLTHROUGH;
    case CCW_FIELD_STRING:
    case CCW_FIELD_NODE:
        read_plain(walk, field);
        break;
    case CCW_FIELD_OPT_XML:
    case CCW_FIELD_OPT_TEXT:
        if (!ccw_xdr_read_present(reader))
            break;
        G_GNUC_FALLTHROUGH;
    case CCW_FIELD_XML:
        return read_text(walk);
    case CCW_FIELD_PARAMS:
        return read_params(walk);
    case CCW_FIELD_DOMAIN_CHILD:
        skip_string(reader);
        read_domain(walk);
        break;
    case CCW_FIELD_OPT_DOMAIN:
        if (!ccw_xdr_read_present(reader))
            break;
        G_GNUC_FALLTHROUGH;
    case CCW_FIELD_DOMAIN:
        read_domain(walk);
        break;
    case CCW_FIELD_OPT_NETWORK:
        if (ccw_xdr_read_present(reader))
            skip_network(reader);
        break;
    }
    return !reader->failed;
}

/* TRUE if all of the payload was as the fields say and no callback ended the walk. */
static gboolean walk_fields(Walk *walk, const CcwField *fields, const guint8 *payload, gsize length)
{
    ccw_xdr_reader_init(&walk->reader, payload, length);
    for (gsize i = 0; i < CCW_FIELDS_MAX && fields[i] != CCW_FIELD_END; i++)
        if (!read_field(walk, fields[i]))
            return FALSE;
    return walk->reader.at == length;
}

gboolean ccw_rewrite_matches(const CcwField *fields, const guint8 *payload, gsize length)
{
    Walk walk = { 0 };

    return walk_fields(&walk, fields, payload, length);
}

typedef struct {
    CcwRewriteFunc func;
    gpointer data;
    GByteArray *head; /* what comes before the payload */
    GByteArray *out;  /* NULL while nothing changed */
    gsize copied;     /* of the original, into out */
    GError *error;
} Rewriting;

/* The first part of the result, with room for all of it unless there is another text that grows. */
static void begin_out(Rewriting *rewriting, gsize length)
{
    const GByteArray *head = rewriting->head;

    rewriting->out = g_byte_array_sized_new((guint)(head->len + length));
    g_byte_array_append(rewriting->out, head->data, head->len);
}

static gboolean rewrite_text(Walk *walk, gsize at, const char *text, gsize length)
{
    Rewriting *rewriting = walk->data;
    /* XDR fills a string up with zeros to a multiple of four bytes, so most of them end in one where they stand. */
    g_autofree char *copy = length % 4 && text[length] == '\0' ? NULL : g_malloc(length + 1);
    g_autofree char *new = NULL;
    gboolean changed = FALSE;
    gsize new_length;

    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    new = rewriting->func(copy ? copy : text, rewriting->data, &changed, &rewriting->error);
    if (!new)
        return FALSE;
    if (!changed)
        return TRUE;
    new_length = strlen(new);
    if (new_length > CCW_XDR_STRING_MAX) {
        g_set_error(&rewriting->error, CCW_ERROR, CCW_ERROR_INVALID,
                    "XML of %zu bytes with the ccw devices in libvirt's form is longer than the %u that its protocol "
                    "takes",
                    new_length, CCW_XDR_STRING_MAX);
        return FALSE;
    }
    if (!rewriting->out)
        begin_out(rewriting, walk->reader.length - length + new_length + 3);
    g_byte_array_append(rewriting->out, walk->reader.start + rewriting->copied, (guint)(at - rewriting->copied));
    ccw_xdr_write_string(rewriting->out, new, new_length);
    rewriting->copied = walk->reader.at;
    return TRUE;
}

/* head: as in Rewriting */
static CcwRewrite rewrite(const CcwField *fields, GByteArray *head, const guint8 *payload, gsize length,
                          CcwRewriteFunc func, gpointer data, GByteArray **ret_out, GError **error)
{
    Rewriting rewriting = { .func = func, .data = data, .head = head };
    Walk walk = { .text = rewrite_text, .data = &rewriting };
    gboolean whole = walk_fields(&walk, fields, payload, length);
    g_autoptr(GByteArray) out = rewriting.out;

    if (rewriting.error) {
        g_propagate_error(error, rewriting.error);
        return CCW_REWRITE_FAILED;
    }
    if (!whole || !out)
        return CCW_REWRITE_SAME;
    g_byte_array_append(out, payload + rewriting.copied, (guint)(length - rewriting.copied));
    length = out->len - head->len;
    if (length > CCW_FRAME_MAX - CCW_FRAME_HEAD) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID,
                    "the message of %zu bytes is longer than libvirt's protocol takes", length);
        return CCW_REWRITE_FAILED;
    }
    *ret_out = g_steal_pointer(&out);
    return CCW_REWRITE_CHANGED;
}

CcwRewrite ccw_rewrite_frame(const CcwField *fields, const CcwHeader *header, const guint8 *payload, gsize length,
                             CcwRewriteFunc func, gpointer data, GByteArray **ret_frame, GError **error)
{
    g_autoptr(GByteArray) head = ccw_frame_new(header, NULL, 0);
    CcwRewrite result = rewrite(fields, head, payload, length, func, data, ret_frame, error);

    if (result == CCW_REWRITE_CHANGED)
        ccw_store_be32((*ret_frame)->data, (*ret_frame)->len);
    return result;
}

static gboolean take_xml(Walk *walk, gsize at G_GNUC_UNUSED, const char *text, gsize length)
{
    CcwArguments *arguments = walk->data;

    if (!arguments->xml)
        arguments->xml = g_strndup(text, length);
    return TRUE;
}

static void take_domain(Walk *walk, gsize at, const guint8 *uuid)
{
    CcwArguments *arguments = walk->data;
    GString *text;

    if (arguments->domain)
        return;
    arguments->domain = g_bytes_new(walk->reader.start + at, walk->reader.at - at);
    text = g_string_sized_new(VIR_UUID_STRING_BUFLEN);
    for (guint i = 0; i < UUID_BYTES; i++)
        g_string_append_printf(text, i == 4 || i == 6 || i == 8 || i == 10 ? "-%02x" : "%02x", uuid[i]);
    arguments->domain_uuid = g_string_free(text, FALSE);
}

static void take_number(Walk *walk, guint32 value)
{
    CcwArguments *arguments = walk->data;

    arguments->has_flags = TRUE;
    arguments->flags = value;
}

static void take_hyper(Walk *walk, guint64 value)
{
    CcwArguments *arguments = walk->data;

    if (!arguments->has_hyper)
        arguments->hyper = value;
    arguments->has_hyper = TRUE;
}

static void take_string(Walk *walk, CcwField field, const char *text, gsize length)
{
    CcwArguments *arguments = walk->data;
    char **taken = field == CCW_FIELD_NODE ? &arguments->node : &arguments->option;

    if (field != CCW_FIELD_STRING && !*taken)
        *taken = g_strndup(text, length);
}

gboolean ccw_arguments_read(CcwArguments *ret_arguments, const CcwField *fields, const guint8 *payload, gsize length)
{
    CcwArguments arguments = { 0 };
    Walk walk = {
        .text = take_xml,
        .domain = take_domain,
        .number = take_number,
        .hyper = take_hyper,
        .string = take_string,
        .data = &arguments,
    };

    if (!walk_fields(&walk, fields, payload, length)) {
        ccw_arguments_clear(&arguments);
        return FALSE;
    }
    *ret_arguments = arguments;
    return TRUE;
}

void ccw_arguments_clear(CcwArguments *arguments)
{
    g_clear_pointer(&arguments->domain_uuid, g_free);
    g_clear_pointer(&arguments->domain, g_bytes_unref);
    g_clear_pointer(&arguments->xml, g_free);
    g_clear_pointer(&arguments->node, g_free);
    g_clear_pointer(&arguments->option, g_free);
}
