/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XDR, the table of procedures, and rewriting payloads by its rows. */
#include <string.h>

#include "procedures.h"
#include "remote/calls/calls.h"
#include "remote/procedures.h"
#include "remote/rewrite.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/endian.h"
#include "util/error.h"

/* Returns the frame of remote_rewrite_frame() without its header. */
static RemoteRewrite rewrite_payload(const RemoteField *fields, const guint8 *payload, gsize length,
                                     RemoteRewriteFunc func, gpointer data, GByteArray **ret_payload, GError **error)
{
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .serial = 7 };
    RemoteRewrite result = remote_rewrite_frame(fields, &header, payload, length, func, data, ret_payload, error);

    if (result == REMOTE_REWRITE_CHANGED) {
        g_assert_cmpuint(ccw_load_be32((*ret_payload)->data), ==, (*ret_payload)->len);
        g_byte_array_remove_range(*ret_payload, 0, RPC_FRAME_HEAD);
    }
    return result;
}

static void write_domain(GByteArray *out)
{
    static const guint8 uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xAB };

    rpc_xdr_write_string(out, "guest", 5);
    g_byte_array_append(out, uuid, sizeof(uuid));
    rpc_xdr_write_u32(out, (guint32)-1);
}

static void strings(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    RpcXdrReader reader;
    gsize length;

    rpc_xdr_write_string(out, "abcde", 5);
    rpc_xdr_write_optional(out, NULL);
    rpc_xdr_write_optional(out, "");
    g_assert_cmpuint(out->len, ==, 12 + 4 + 8);
    rpc_xdr_reader_init(&reader, out->data, out->len);
    g_assert_cmpmem(rpc_xdr_read_string(&reader, &length), 5, "abcde", 5);
    g_assert_cmpuint(length, ==, 5);
    g_assert_false(rpc_xdr_read_present(&reader));
    g_assert_true(rpc_xdr_read_present(&reader));
    g_assert_nonnull(rpc_xdr_read_string(&reader, &length));
    g_assert_cmpuint(length, ==, 0);
    g_assert_false(reader.failed);
    g_assert_cmpuint(reader.at, ==, out->len);
    rpc_xdr_read_u32(&reader);
    g_assert_true(reader.failed);
}

/* Strings with a length word that is too large. */
static void hostile_strings(void)
{
    static const struct {
        guint32 length;
        gsize there;
    } rows[] = {
        { 1, 0 }, { 5, 7 }, { 8, 7 }, { G_MAXUINT32, 8 }, { G_MAXUINT32 - 2, 8 }, { RPC_XDR_STRING_MAX + 1, 8 },
    };
    guint8 bytes[4 + 8];
    RpcXdrReader reader;
    gsize length;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        memset(bytes, 'x', sizeof(bytes));
        ccw_store_be32(bytes, rows[i].length);
        rpc_xdr_reader_init(&reader, bytes, 4 + rows[i].there);
        g_assert_null(rpc_xdr_read_string(&reader, &length));
        g_assert_true(reader.failed);
        g_assert_cmpuint(rpc_xdr_read_u32(&reader), ==, 0);
    }
    memcpy(bytes, "\0\0\0\4a\0bc", 8);
    rpc_xdr_reader_init(&reader, bytes, 8);
    g_assert_null(rpc_xdr_read_string(&reader, &length)); /* a NUL inside of the string */
}

static void longest_string(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *text = g_strnfill(RPC_XDR_STRING_MAX, 'x');
    RpcXdrReader reader;
    gsize length;

    rpc_xdr_write_string(out, text, RPC_XDR_STRING_MAX);
    rpc_xdr_reader_init(&reader, out->data, out->len);
    g_assert_nonnull(rpc_xdr_read_string(&reader, &length));
    g_assert_cmpuint(length, ==, RPC_XDR_STRING_MAX);
}

/* The arguments on which a handler relies: the first two fields. */
static const struct {
    RemoteHandler handler;
    RemoteField first, second;
} expected_arguments[] = {
    { remote_nodedev_query_begin, REMOTE_FIELD_NODE },
    { remote_nodedev_operation_begin, REMOTE_FIELD_NODE },
    { remote_define_begin, REMOTE_FIELD_XML },
    { remote_messages_begin, REMOTE_FIELD_DOMAIN },
    { remote_attach_begin, REMOTE_FIELD_DOMAIN, REMOTE_FIELD_XML },
    { remote_detach_begin, REMOTE_FIELD_DOMAIN },
};

static void check_handler(const RemoteProcedure *row)
{
    for (gsize i = 0; i < G_N_ELEMENTS(expected_arguments); i++) {
        if (row->handler != expected_arguments[i].handler)
            continue;
        g_assert_cmpint(row->call[0], ==, expected_arguments[i].first);
        if (expected_arguments[i].second)
            g_assert_cmpint(row->call[1], ==, expected_arguments[i].second);
    }
    g_assert_true(row->handler || !row->is_for_ours);
    g_assert_true(!row->is_validated || row->handler == remote_define_begin);
    /* The XML of a client that may change nothing must not be parsed. */
    g_assert_true(row->is_write || !remote_call_has_xml(row));
}

static void table(void)
{
    gsize count;
    const RemoteProcedure *rows = remote_procedures(&count);

    for (gsize i = 0; i < count; i++) {
        g_test_message("%d %s", rows[i].number, rows[i].name);
        if (i)
            g_assert_cmpint(rows[i - 1].number, <, rows[i].number);
        g_assert_cmphex(rows[i].program, ==, RPC_PROGRAM_REMOTE);
        g_assert_cmpint(rows[i].call[REMOTE_FIELDS_MAX - 1], ==, REMOTE_FIELD_END);
        g_assert_cmpint(rows[i].reply[REMOTE_FIELDS_MAX - 1], ==, REMOTE_FIELD_END);
        g_assert_true(rows[i].call[0] || rows[i].reply[0] || rows[i].starts);
        g_assert_true(remote_procedure_lookup(rows[i].program, rows[i].number) == &rows[i]);
        check_handler(&rows[i]);
    }
    g_assert_null(remote_procedure_lookup(RPC_PROGRAM_REMOTE, 12));
    g_assert_null(remote_procedure_lookup(RPC_PROGRAM_QEMU, 14));
    g_assert_null(remote_procedure_lookup(RPC_PROGRAM_REMOTE, -1));
}

/* Rewrites "old" to a longer text, rejects "bad", and leaves other texts unchanged. */
static char *replace(const char *text, gpointer data, gboolean *ret_changed, GError **error)
{
    guint *calls = data;

    (*calls)++;
    if (strcmp(text, "bad") == 0) {
        g_set_error_literal(error, CCW_ERROR, CCW_ERROR_INVALID, "it is bad");
        return NULL;
    }
    *ret_changed = strcmp(text, "old") == 0;
    return g_strdup(*ret_changed ? "brand new" : text);
}

static void rewrite_attach(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 160)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) expected = g_byte_array_new();
    g_autoptr(GByteArray) out = NULL;
    guint calls = 0;

    write_domain(in);
    rpc_xdr_write_string(in, "old", 3);
    rpc_xdr_write_u32(in, 1);
    write_domain(expected);
    rpc_xdr_write_string(expected, "brand new", 9);
    rpc_xdr_write_u32(expected, 1);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==,
                    REMOTE_REWRITE_CHANGED);
    g_assert_cmpmem(out->data, out->len, expected->data, expected->len);
    g_assert_cmpuint(calls, ==, 1);
}

/* Appends an 'x' to the text, and counts its bytes. */
static char *lengthen(const char *text, gpointer data, gboolean *ret_changed, GError **error G_GNUC_UNUSED)
{
    *(gsize *)data = strlen(text);
    *ret_changed = TRUE;
    return g_strconcat(text, "x", NULL);
}

/* Strings of each length, with correct and with incorrect padding to four bytes, in a frame with its header. */
static void rewrite_frames(void)
{
    static const RemoteField fields[REMOTE_FIELDS_MAX] = { REMOTE_FIELD_XML };
    const RpcHeader header = { .program = RPC_PROGRAM_REMOTE, .version = 1, .procedure = GET_XML_DESC, .serial = 7 };

    for (gsize length = 1; length < 10; length++)
        for (guint pad = 0; pad < 2; pad++) {
            g_autoptr(GByteArray) in = g_byte_array_new();
            g_autoptr(GByteArray) payload = g_byte_array_new();
            g_autoptr(GByteArray) expected = NULL;
            g_autoptr(GByteArray) frame = NULL;
            char text[10];
            gsize seen = 0;

            rpc_xdr_write_string(in, "abcdefghi", length);
            memset(in->data + 4 + length, pad ? 'p' : 0, in->len - 4 - length);
            memcpy(text, "abcdefghi", length);
            text[length] = 'x';
            rpc_xdr_write_string(payload, text, length + 1);
            expected = rpc_frame_new(&header, payload->data, payload->len);
            g_assert_cmpint(remote_rewrite_frame(fields, &header, in->data, in->len, lengthen, &seen, &frame, NULL), ==,
                            REMOTE_REWRITE_CHANGED);
            g_assert_cmpuint(seen, ==, length);
            g_assert_cmpmem(frame->data, frame->len, expected->data, expected->len);
        }
}

/* A payload that is cut off, or has bytes behind its end, is not understood and not changed. */
static void rewrite_misfits(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 160)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    GByteArray *out = NULL;
    guint calls = 0;

    write_domain(in);
    rpc_xdr_write_string(in, "old", 3);
    rpc_xdr_write_u32(in, 1);
    for (guint length = 0; length < in->len; length++) {
        g_assert_cmpint(rewrite_payload(fields, in->data, length, replace, &calls, &out, NULL), ==,
                        REMOTE_REWRITE_SAME);
        g_assert_false(remote_payload_matches(fields, in->data, length));
    }
    g_assert_true(remote_payload_matches(fields, in->data, in->len));
    rpc_xdr_write_u32(in, 0);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, REMOTE_REWRITE_SAME);
    g_assert_null(out);
}

static void rewrite_rejected(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 11)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    GByteArray *out = NULL;
    guint calls = 0;

    rpc_xdr_write_string(in, "bad", 3);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, &error), ==,
                    REMOTE_REWRITE_FAILED);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_null(out);
}

static char *grow(const char *text G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, gboolean *ret_changed,
                  GError **error G_GNUC_UNUSED)
{
    *ret_changed = TRUE;
    return g_strnfill(RPC_XDR_STRING_MAX + 1, 'x');
}

static void rewrite_too_long(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 11)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    GByteArray *out = NULL;

    rpc_xdr_write_string(in, "x", 1);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, grow, NULL, &out, &error), ==, REMOTE_REWRITE_FAILED);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
}

static void rewrite_optional(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 232)->call;

    for (guint present = 0; present < 2; present++) {
        g_autoptr(GByteArray) in = g_byte_array_new();
        g_autoptr(GByteArray) out = NULL;
        guint calls = 0;

        write_domain(in);
        rpc_xdr_write_string(in, "/var/save", 9);
        rpc_xdr_write_optional(in, present ? "old" : NULL);
        rpc_xdr_write_u32(in, 0);
        g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==,
                        present ? REMOTE_REWRITE_CHANGED : REMOTE_REWRITE_SAME);
        g_assert_cmpuint(calls, ==, present);
    }
}

static void write_string_param(GByteArray *out, const char *name, const char *value)
{
    rpc_xdr_write_string(out, name, strlen(name));
    rpc_xdr_write_u32(out, 7);
    rpc_xdr_write_string(out, value, strlen(value));
}

/* One parameter of each type; only the string with the name dxml is XML. */
static void rewrite_params(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 441)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) out = NULL;
    guint calls = 0;

    rpc_xdr_write_u32(in, 8);
    for (guint32 type = 1; type <= 6; type++) {
        rpc_xdr_write_string(in, "dxml", 4);
        rpc_xdr_write_u32(in, type);
        rpc_xdr_write_u32(in, 0);
        if (type >= 3 && type <= 5)
            rpc_xdr_write_u32(in, 0);
    }
    write_string_param(in, "file", "old");
    write_string_param(in, "dxml", "old");
    rpc_xdr_write_u32(in, 0);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==,
                    REMOTE_REWRITE_CHANGED);
    g_assert_cmpuint(calls, ==, 1);
    g_assert_cmpuint(out->len, ==, in->len + 8);
    g_assert_cmpmem(out->data + out->len - 20, 20, "\0\0\0\11brand new\0\0\0\0\0\0\0", 20);
    ccw_store_be32(in->data, G_MAXUINT32); /* there are fewer */
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, REMOTE_REWRITE_SAME);
}

/* The fields of migration, and a cookie with a correct and with an incorrect length. */
static void rewrite_migration(void)
{
    static const guint32 lengths[] = { 4, 9, 0x10000000, 0xffffffff };
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 305)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) out = NULL;
    guint calls = 0;
    guint cookie;

    write_domain(in);
    rpc_xdr_write_optional(in, "qemu:///system");
    rpc_xdr_write_u32(in, 3);
    write_string_param(in, "destination_xml", "old");
    write_string_param(in, "persistent_xml", "old");
    write_string_param(in, "destination_name", "old");
    cookie = in->len;
    rpc_xdr_write_string(in, "\1\2\3\4\5", 5);
    rpc_xdr_write_u32(in, 2);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==,
                    REMOTE_REWRITE_CHANGED);
    g_assert_cmpuint(calls, ==, 2);
    g_assert_cmpuint(out->len, ==, in->len + 2 * 8);
    g_assert_cmpmem(out->data + out->len - 16, 16, in->data + in->len - 16, 16);
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        ccw_store_be32(in->data + cookie, lengths[i]);
        g_assert_false(remote_payload_matches(fields, in->data, in->len));
    }
}

static void arguments(void)
{
    const RemoteField *fields = remote_procedure_lookup(RPC_PROGRAM_REMOTE, 8)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) domain = g_byte_array_new();
    RemoteArguments read;
    g_autoptr(GArray) texts = NULL;

    write_domain(domain);
    write_domain(in);
    rpc_xdr_write_string(in, "<hostdev/>", 10);
    g_assert_true(remote_payload_read(fields, in->data, in->len, &read, &texts));
    g_assert_cmpuint(texts->len, ==, 1);
    g_assert_cmpstr(read.domain_uuid, ==, "deadbeef-0001-0203-0405-060708090aab");
    g_assert_cmpstr(read.xml, ==, "<hostdev/>");
    g_assert_cmpmem(g_bytes_get_data(read.domain, NULL), g_bytes_get_size(read.domain), domain->data, domain->len);
    remote_arguments_clear(&read);
    g_assert_false(remote_payload_read(fields, in->data, in->len - 4, &read, &texts));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/remote/xdr/strings", strings);
    g_test_add_func("/remote/xdr/hostile-strings", hostile_strings);
    g_test_add_func("/remote/xdr/longest-string", longest_string);
    g_test_add_func("/remote/procedures/table", table);
    g_test_add_func("/remote/rewrite/attach", rewrite_attach);
    g_test_add_func("/remote/rewrite/misfits", rewrite_misfits);
    g_test_add_func("/remote/rewrite/rejected", rewrite_rejected);
    g_test_add_func("/remote/rewrite/too-long", rewrite_too_long);
    g_test_add_func("/remote/rewrite/optional", rewrite_optional);
    g_test_add_func("/remote/rewrite/params", rewrite_params);
    g_test_add_func("/remote/rewrite/migration", rewrite_migration);
    g_test_add_func("/remote/rewrite/frames", rewrite_frames);
    g_test_add_func("/remote/rewrite/arguments", arguments);
    return g_test_run();
}
