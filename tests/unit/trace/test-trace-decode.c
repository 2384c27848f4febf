/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decodes a command's parameters, byte by byte: also those that no recorded guest uses, and incomplete ones. */
#include <string.h>

#include "trace/trace-decode.h"

static const struct {
    guint8 cmd;
    const char *data;   /* hexadecimal; blanks are ignored */
    const char *fields; /* NULL: the data is incomplete */
} rows[] = {
    /* Define extent: cylinders above 65535 use the upper bits of the head. */
    { 0x63, "80 c4 1000 00000050 0001000e 0002001e",
      "mask 80 (update), attributes c4, cache bypass, block 4096, extended 50, from cyl 1 head 14, to cyl 65538 head "
      "14" },
    { 0x63, "80 c4 1000 00000050 0001000e 000200", NULL },
    /* Locate record: from the index, with a count suffix and a length. */
    { 0x47, "c1 81 00 05 00030004 00030004 07 2a 1008",
      "operation 01 (write data), orientation index, count 5, seek cyl 3 head 4, search cyl 3 head 4 rec 7, sector 42, "
      "length 4104, count suffix yes" },
    { 0x47, "0d 00 00 01 00000000 00000000 00 ff 0000",
      "operation 0d (unknown), orientation count, count 1, seek cyl 0 head 0, search cyl 0 head 0 rec 0, sector 255" },
    /* Its extended form: the operation's second byte. */
    { 0x4b, "3f 00 00 02 00010002 00010002 01 00 0000 00 23 0000",
      "operation 3f/23 (write track data), orientation count, count 2, seek cyl 1 head 2, search cyl 1 head 2 rec 1, "
      "sector 0" },
    { 0x4b, "3f 00 00 02 00010002 00010002 01 00 0000 00 11 0000",
      "operation 3f/11 (write full track), orientation count, count 2, seek cyl 1 head 2, search cyl 1 head 2 rec 1, "
      "sector 0" },
    { 0x4b, "3f 00 00 02 00010002 00010002 01 00 0000 00 23 00", NULL },
    /* Prefix: of base 02 in subsystem 01, by a time stamp, without an extent; and one that ends before its extent. */
    { 0xe7, "00 70 02 00 01 00000000000000", "format 0, valid 70 time base hyper-pav, base 01/02" },
    { 0xe7, "01 80 00 00 00 00000000000000", "format 1, valid 80 extent, base 00/00" },
    /* Orders of PERFORM SUBSYSTEM FUNCTION. */
    { 0x27, "18 00 0000 0000 01", "order 18 (prepare for read subsystem data), suborder 01 (subsystem statistics)" },
    { 0x27, "18 00 0000 0000 77", "order 18 (prepare for read subsystem data), suborder 77 (unknown)" },
    { 0x27, "1d 00", "order 1d (set subsystem characteristics)" },
    { 0x27, "18", NULL },
    /* Sense: in the 24-byte format with an address, without one, and cut. */
    { 0x04, "0008000000000000 0000000000000000 0000000000000000 00000080 00 0102 0e",
      "sense no-record-found, message 00, at cyl 258 head 14" },
    { 0x04, "8002000000000004 0000000000000000 0000000000000000 00000000 00 0102 0e",
      "sense command-reject write-inhibited, message 04" },
    { 0x04, "1080000000000000", "sense equipment-check permanent-error, message 00" },
    { 0xb4, "0000000000000000", "sense none, message 00" },
    { 0x04, "80020000000000", NULL },
    /* The path to a device. */
    { 0x34, "c8 0102030405060708090a0b", "state c8 (grouped, multipath), group 0102030405060708090a0b" },
    { 0xaf, "80 0102030405060708090a0b", "function 80 (establish, multipath), group 0102030405060708090a0b" },
    { 0xaf, "20 0102030405060708090a0b", "function 20 (disband), group 0102030405060708090a0b" },
    /* Commands from before there were extents. */
    { 0x07, "0000 0008 000e", "seek cyl 8 head 14" },
    { 0x31, "0008 000e 03", "id cyl 8 head 14 rec 3" },
    { 0x1f, "40", "mask 40 (read)" },
    { 0x23, "a7", "sector 167" },
    { 0x12, "0008 000e 03 2c 0060", "record cyl 8 head 14 rec 3, key length 44, data length 96" },
    { 0x06, "0102030405060708", NULL }, /* data */
    { 0xff, "0102030405060708", NULL }, /* no command */
};

static GByteArray *bytes_of(const char *text)
{
    GByteArray *bytes = g_byte_array_new();

    for (; *text; text++) {
        guint8 byte;

        if (*text == ' ')
            continue;
        byte = (guint8)(g_ascii_xdigit_value(text[0]) << 4 | g_ascii_xdigit_value(text[1]));
        g_byte_array_append(bytes, &byte, 1);
        text++;
    }
    return bytes;
}

static void test_row(gconstpointer data)
{
    const gsize i = GPOINTER_TO_SIZE(data);
    g_autoptr(GByteArray) bytes = bytes_of(rows[i].data);
    g_autofree guint8 *exact = g_memdup2(bytes->data, bytes->len); /* the storage ends with the data */
    g_autoptr(GString) text = g_string_new(NULL);
    TraceFields fields;

    g_assert_cmpint(trace_decode(rows[i].cmd, exact, bytes->len, &fields), ==, rows[i].fields != NULL);
    for (guint k = 0; k < fields.n; k++)
        g_string_append_printf(text, "%s%s %s", k ? ", " : "", fields.fields[k].name, fields.fields[k].value);
    g_assert_cmpstr(text->str, ==, rows[i].fields ? rows[i].fields : "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/trace/decode/%02x/%" G_GSIZE_FORMAT, rows[i].cmd, i);

        g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_row);
    }
    return g_test_run();
}
