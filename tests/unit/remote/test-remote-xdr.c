/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XDR, the table of procedures, and the rewriting of payloads by its rows. */
#include <string.h>

#include "remote/procedures.h"
#include "remote/rewrite.h"
#include "rpc/wire.h"
#include "rpc/xdr.h"
#include "util/endian.h"
#include "util/error.h"

/* What ccw_rewrite_frame() makes, without the head of the frame. */
static CcwRewrite rewrite_payload(const CcwField *fields, const guint8 *payload, gsize length, CcwRewriteFunc func,
                                  gpointer data, GByteArray **ret_payload, GError **error)
{
    const CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = 1, .serial = 7 };
    CcwRewrite result = ccw_rewrite_frame(fields, &header, payload, length, func, data, ret_payload, error);

    if (result == CCW_REWRITE_CHANGED) {
        g_assert_cmpuint(ccw_load_be32((*ret_payload)->data), ==, (*ret_payload)->len);
        g_byte_array_remove_range(*ret_payload, 0, CCW_FRAME_HEAD);
    }
    return result;
}

static void write_domain(GByteArray *out)
{
    static const guint8 uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0xAB };

    ccw_xdr_write_string(out, "guest", 5);
    g_byte_array_append(out, uuid, sizeof(uuid));
    ccw_xdr_write_u32(out, (guint32)-1);
}

static void strings(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    CcwXdrReader reader;
    gsize length;

    ccw_xdr_write_string(out, "abcde", 5);
    ccw_xdr_write_optional(out, NULL);
    ccw_xdr_write_optional(out, "");
    g_assert_cmpuint(out->len, ==, 12 + 4 + 8);
    ccw_xdr_reader_init(&reader, out->data, out->len);
    g_assert_cmpmem(ccw_xdr_read_string(&reader, &length), 5, "abcde", 5);
    g_assert_cmpuint(length, ==, 5);
    g_assert_false(ccw_xdr_read_present(&reader));
    g_assert_true(ccw_xdr_read_present(&reader));
    g_assert_nonnull(ccw_xdr_read_string(&reader, &length));
    g_assert_cmpuint(length, ==, 0);
    g_assert_false(reader.failed);
    g_assert_cmpuint(reader.at, ==, out->len);
    ccw_xdr_read_u32(&reader);
    g_assert_true(reader.failed);
}

/* A string's length word against what there is. */
static void hostile_strings(void)
{
    static const struct {
        guint32 length;
        gsize there;
    } rows[] = {
        { 1, 0 }, { 5, 7 }, { 8, 7 }, { G_MAXUINT32, 8 }, { G_MAXUINT32 - 2, 8 }, { CCW_XDR_STRING_MAX + 1, 8 },
    };
    guint8 bytes[4 + 8];
    CcwXdrReader reader;
    gsize length;

    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        memset(bytes, 'x', sizeof(bytes));
        ccw_store_be32(bytes, rows[i].length);
        ccw_xdr_reader_init(&reader, bytes, 4 + rows[i].there);
        g_assert_null(ccw_xdr_read_string(&reader, &length));
        g_assert_true(reader.failed);
        g_assert_cmpuint(ccw_xdr_read_u32(&reader), ==, 0);
    }
    memcpy(bytes, "\0\0\0\4a\0bc", 8);
    ccw_xdr_reader_init(&reader, bytes, 8);
    g_assert_null(ccw_xdr_read_string(&reader, &length)); /* a NUL inside */
}

static void longest_string(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    g_autofree char *text = g_strnfill(CCW_XDR_STRING_MAX, 'x');
    CcwXdrReader reader;
    gsize length;

    ccw_xdr_write_string(out, text, CCW_XDR_STRING_MAX);
    ccw_xdr_reader_init(&reader, out->data, out->len);
    g_assert_nonnull(ccw_xdr_read_string(&reader, &length));
    g_assert_cmpuint(length, ==, CCW_XDR_STRING_MAX);
}

/* What an action counts on to find. */
static gboolean fits_action(const CcwProcedure *row)
{
    switch (row->action) {
    case CCW_ACTION_NONE:
    case CCW_ACTION_NODES:
    case CCW_ACTION_DOMCAPS:
    case CCW_ACTION_MIGRATE:
        return TRUE;
    case CCW_ACTION_NODE:
    case CCW_ACTION_BY_HAND:
        return row->call[0] == CCW_FIELD_NODE;
    case CCW_ACTION_DEFINE:
        return row->call[0] == CCW_FIELD_XML;
    case CCW_ACTION_MESSAGES:
        return row->call[0] == CCW_FIELD_DOMAIN;
    case CCW_ACTION_ATTACH:
        return row->call[0] == CCW_FIELD_DOMAIN && row->call[1] == CCW_FIELD_XML;
    case CCW_ACTION_DETACH:
        return row->call[0] == CCW_FIELD_DOMAIN && (row->call[1] == CCW_FIELD_XML || row->call[1] == CCW_FIELD_STRING);
    }
    return FALSE;
}

static void table(void)
{
    gsize count;
    const CcwProcedure *rows = ccw_procedures(&count);

    for (gsize i = 0; i < count; i++) {
        g_test_message("%d %s", rows[i].number, rows[i].name);
        if (i)
            g_assert_cmpint(rows[i - 1].number, <, rows[i].number);
        g_assert_cmphex(rows[i].program, ==, CCW_PROGRAM_REMOTE);
        g_assert_cmpint(rows[i].call[CCW_FIELDS_MAX - 1], ==, CCW_FIELD_END);
        g_assert_cmpint(rows[i].reply[CCW_FIELDS_MAX - 1], ==, CCW_FIELD_END);
        g_assert_true(rows[i].call[0] || rows[i].reply[0] || rows[i].starts);
        g_assert_true(ccw_procedure_lookup(rows[i].program, rows[i].number) == &rows[i]);
        g_assert_true(fits_action(&rows[i]));
    }
    g_assert_null(ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 12));
    g_assert_null(ccw_procedure_lookup(CCW_PROGRAM_QEMU, 14));
    g_assert_null(ccw_procedure_lookup(CCW_PROGRAM_REMOTE, -1));
}

/* Makes "old" to longer text, refuses "bad", leaves the rest. */
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
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 160)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) expected = g_byte_array_new();
    g_autoptr(GByteArray) out = NULL;
    guint calls = 0;

    write_domain(in);
    ccw_xdr_write_string(in, "old", 3);
    ccw_xdr_write_u32(in, 1);
    write_domain(expected);
    ccw_xdr_write_string(expected, "brand new", 9);
    ccw_xdr_write_u32(expected, 1);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, CCW_REWRITE_CHANGED);
    g_assert_cmpmem(out->data, out->len, expected->data, expected->len);
    g_assert_cmpuint(calls, ==, 1);
}

/* Puts an 'x' behind the text, and counts its bytes. */
static char *lengthen(const char *text, gpointer data, gboolean *ret_changed, GError **error G_GNUC_UNUSED)
{
    *(gsize *)data = strlen(text);
    *ret_changed = TRUE;
    return g_strconcat(text, "x", NULL);
}

/* Of each length, with what fills it up to four bytes as it should be, and not; in a frame with its header. */
static void rewrite_frames(void)
{
    static const CcwField fields[CCW_FIELDS_MAX] = { CCW_FIELD_XML };
    const CcwHeader header = { .program = CCW_PROGRAM_REMOTE, .version = 1, .procedure = 14, .serial = 7 };

    for (gsize length = 1; length < 10; length++)
        for (guint pad = 0; pad < 2; pad++) {
            g_autoptr(GByteArray) in = g_byte_array_new();
            g_autoptr(GByteArray) payload = g_byte_array_new();
            g_autoptr(GByteArray) expected = NULL;
            g_autoptr(GByteArray) frame = NULL;
            char text[10];
            gsize seen = 0;

            ccw_xdr_write_string(in, "abcdefghi", length);
            memset(in->data + 4 + length, pad ? 'p' : 0, in->len - 4 - length);
            memcpy(text, "abcdefghi", length);
            text[length] = 'x';
            ccw_xdr_write_string(payload, text, length + 1);
            expected = ccw_frame_new(&header, payload->data, payload->len);
            g_assert_cmpint(ccw_rewrite_frame(fields, &header, in->data, in->len, lengthen, &seen, &frame, NULL), ==,
                            CCW_REWRITE_CHANGED);
            g_assert_cmpuint(seen, ==, length);
            g_assert_cmpmem(frame->data, frame->len, expected->data, expected->len);
        }
}

/* Whatever is cut off or put behind, the payload is not understood and not changed. */
static void rewrite_misfits(void)
{
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 160)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    GByteArray *out = NULL;
    guint calls = 0;

    write_domain(in);
    ccw_xdr_write_string(in, "old", 3);
    ccw_xdr_write_u32(in, 1);
    for (guint length = 0; length < in->len; length++) {
        g_assert_cmpint(rewrite_payload(fields, in->data, length, replace, &calls, &out, NULL), ==, CCW_REWRITE_SAME);
        g_assert_false(ccw_rewrite_matches(fields, in->data, length));
    }
    g_assert_true(ccw_rewrite_matches(fields, in->data, in->len));
    ccw_xdr_write_u32(in, 0);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, CCW_REWRITE_SAME);
    g_assert_null(out);
}

static void rewrite_refused(void)
{
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 11)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    GByteArray *out = NULL;
    guint calls = 0;

    ccw_xdr_write_string(in, "bad", 3);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, &error), ==, CCW_REWRITE_FAILED);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_null(out);
}

static char *grow(const char *text G_GNUC_UNUSED, gpointer data G_GNUC_UNUSED, gboolean *ret_changed,
                  GError **error G_GNUC_UNUSED)
{
    *ret_changed = TRUE;
    return g_strnfill(CCW_XDR_STRING_MAX + 1, 'x');
}

static void rewrite_too_long(void)
{
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 11)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    GByteArray *out = NULL;

    ccw_xdr_write_string(in, "x", 1);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, grow, NULL, &out, &error), ==, CCW_REWRITE_FAILED);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
}

static void rewrite_optional(void)
{
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 232)->call;

    for (guint present = 0; present < 2; present++) {
        g_autoptr(GByteArray) in = g_byte_array_new();
        g_autoptr(GByteArray) out = NULL;
        guint calls = 0;

        write_domain(in);
        ccw_xdr_write_string(in, "/var/save", 9);
        ccw_xdr_write_optional(in, present ? "old" : NULL);
        ccw_xdr_write_u32(in, 0);
        g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==,
                        present ? CCW_REWRITE_CHANGED : CCW_REWRITE_SAME);
        g_assert_cmpuint(calls, ==, present);
    }
}

static void write_string_param(GByteArray *out, const char *name, const char *value)
{
    ccw_xdr_write_string(out, name, strlen(name));
    ccw_xdr_write_u32(out, 7);
    ccw_xdr_write_string(out, value, strlen(value));
}

/* One of each type; only the string that is named dxml is XML. */
static void rewrite_params(void)
{
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 441)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) out = NULL;
    guint calls = 0;

    ccw_xdr_write_u32(in, 8);
    for (guint32 type = 1; type <= 6; type++) {
        ccw_xdr_write_string(in, "dxml", 4);
        ccw_xdr_write_u32(in, type);
        ccw_xdr_write_u32(in, 0);
        if (type >= 3 && type <= 5)
            ccw_xdr_write_u32(in, 0);
    }
    write_string_param(in, "file", "old");
    write_string_param(in, "dxml", "old");
    ccw_xdr_write_u32(in, 0);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, CCW_REWRITE_CHANGED);
    g_assert_cmpuint(calls, ==, 1);
    g_assert_cmpuint(out->len, ==, in->len + 8);
    g_assert_cmpmem(out->data + out->len - 20, 20, "\0\0\0\11brand new\0\0\0\0\0\0\0", 20);
    ccw_store_be32(in->data, G_MAXUINT32); /* as many are not there */
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, CCW_REWRITE_SAME);
}

/* Those of migration, and a cookie that is as long as it says, or is not. */
static void rewrite_migration(void)
{
    static const guint32 lengths[] = { 4, 9, 0x10000000, 0xffffffff };
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 305)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) out = NULL;
    guint calls = 0;
    guint cookie;

    write_domain(in);
    ccw_xdr_write_optional(in, "qemu:///system");
    ccw_xdr_write_u32(in, 3);
    write_string_param(in, "destination_xml", "old");
    write_string_param(in, "persistent_xml", "old");
    write_string_param(in, "destination_name", "old");
    cookie = in->len;
    ccw_xdr_write_string(in, "\1\2\3\4\5", 5);
    ccw_xdr_write_u32(in, 2);
    g_assert_cmpint(rewrite_payload(fields, in->data, in->len, replace, &calls, &out, NULL), ==, CCW_REWRITE_CHANGED);
    g_assert_cmpuint(calls, ==, 2);
    g_assert_cmpuint(out->len, ==, in->len + 2 * 8);
    g_assert_cmpmem(out->data + out->len - 16, 16, in->data + in->len - 16, 16);
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        ccw_store_be32(in->data + cookie, lengths[i]);
        g_assert_false(ccw_rewrite_matches(fields, in->data, in->len));
    }
}

static void arguments(void)
{
    const CcwField *fields = ccw_procedure_lookup(CCW_PROGRAM_REMOTE, 8)->call;
    g_autoptr(GByteArray) in = g_byte_array_new();
    g_autoptr(GByteArray) domain = g_byte_array_new();
    CcwArguments read;

    write_domain(domain);
    write_domain(in);
    ccw_xdr_write_string(in, "<hostdev/>", 10);
    g_assert_true(ccw_arguments_read(&read, fields, in->data, in->len));
    g_assert_cmpstr(read.domain_uuid, ==, "deadbeef-0001-0203-0405-060708090aab");
    g_assert_cmpstr(read.xml, ==, "<hostdev/>");
    g_assert_cmpmem(g_bytes_get_data(read.domain, NULL), g_bytes_get_size(read.domain), domain->data, domain->len);
    ccw_arguments_clear(&read);
    g_assert_false(ccw_arguments_read(&read, fields, in->data, in->len - 4));
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
    g_test_add_func("/remote/rewrite/refused", rewrite_refused);
    g_test_add_func("/remote/rewrite/too-long", rewrite_too_long);
    g_test_add_func("/remote/rewrite/optional", rewrite_optional);
    g_test_add_func("/remote/rewrite/params", rewrite_params);
    g_test_add_func("/remote/rewrite/migration", rewrite_migration);
    g_test_add_func("/remote/rewrite/frames", rewrite_frames);
    g_test_add_func("/remote/rewrite/arguments", arguments);
    return g_test_run();
}
