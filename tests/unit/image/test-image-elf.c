/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests image/image-elf.h with an s390x program that this test makes, valid and damaged. */
#include "image/image-elf.h"

#include <elf.h>

#include "util/endian.h"
#include "util/error.h"

/* The layout of the program: header, program header, strings, dynamic section, three section headers. */
#define STRINGS "\0/lib/ld64.so.1\0libc.so.6\0libz.so.1\0/opt/lib:$ORIGIN"
#define INTERPRETER_AT 1
#define LIBC_AT 16
#define LIBZ_AT 26
#define RUNPATH_AT 36
enum {
    AT_PROGRAM = 64,
    AT_STRINGS = AT_PROGRAM + 56,
    AT_DYNAMIC = AT_STRINGS + 64,
    AT_SECTIONS = AT_DYNAMIC + 5 * 16,
    END = AT_SECTIONS + 3 * 64,
};

static void put_section(guint8 *at, guint32 type, guint64 offset, guint64 size, guint32 link, guint64 entry)
{
    ccw_store_be32(at + 4, type);
    ccw_store_be64(at + 24, offset);
    ccw_store_be64(at + 32, size);
    ccw_store_be32(at + 40, link);
    ccw_store_be64(at + 48, 8); /* alignment */
    ccw_store_be64(at + 56, entry);
}

static void put_dynamic(guint8 *at, guint64 tag, guint64 value)
{
    ccw_store_be64(at, tag);
    ccw_store_be64(at + 8, value);
}

static void put_header(guint8 *elf)
{
    memcpy(elf, ELFMAG, SELFMAG);
    elf[EI_CLASS] = ELFCLASS64;
    elf[EI_DATA] = ELFDATA2MSB;
    elf[EI_VERSION] = EV_CURRENT;
    ccw_store_be16(elf + 16, ET_DYN);
    ccw_store_be16(elf + 18, EM_S390);
    ccw_store_be32(elf + 20, EV_CURRENT);
    ccw_store_be64(elf + 32, AT_PROGRAM);
    ccw_store_be64(elf + 40, AT_SECTIONS);
    ccw_store_be16(elf + 52, 64);
    ccw_store_be16(elf + 54, 56);
    ccw_store_be16(elf + 56, 1);
    ccw_store_be16(elf + 58, 64);
    ccw_store_be16(elf + 60, 3);
}

static guint8 *make_elf(void)
{
    guint8 *elf = g_malloc0(END);

    put_header(elf);
    ccw_store_be32(elf + AT_PROGRAM, PT_INTERP);
    ccw_store_be64(elf + AT_PROGRAM + 8, AT_STRINGS + INTERPRETER_AT);
    ccw_store_be64(elf + AT_PROGRAM + 32, LIBC_AT - INTERPRETER_AT);
    memcpy(elf + AT_STRINGS, STRINGS, sizeof(STRINGS));
    put_dynamic(elf + AT_DYNAMIC, DT_NEEDED, LIBC_AT);
    put_dynamic(elf + AT_DYNAMIC + 16, DT_RUNPATH, RUNPATH_AT);
    put_dynamic(elf + AT_DYNAMIC + 32, DT_NEEDED, LIBZ_AT);
    put_section(elf + AT_SECTIONS + 64, SHT_STRTAB, AT_STRINGS, sizeof(STRINGS), 0, 0);
    put_section(elf + AT_SECTIONS + 128, SHT_DYNAMIC, AT_DYNAMIC, 5 * 16, 1, 16);
    return elf;
}

static ImageElf *read_elf(const guint8 *elf, gsize size, GError **error)
{
    g_autoptr(GBytes) bytes = g_bytes_new(elf, size);

    g_assert_true(size < SELFMAG || image_elf_is(bytes));
    return image_elf_read(bytes, "usr/bin/program", error);
}

static void test_whole(void)
{
    g_autofree guint8 *data = make_elf();
    g_autoptr(GError) error = NULL;
    g_autoptr(ImageElf) elf = read_elf(data, END, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(elf->interpreter, ==, "/lib/ld64.so.1");
    g_assert_cmpuint(elf->needed->len, ==, 2);
    g_assert_cmpstr(g_ptr_array_index(elf->needed, 0), ==, "libc.so.6");
    g_assert_cmpstr(g_ptr_array_index(elf->needed, 1), ==, "libz.so.1");
    g_assert_cmpstr(elf->run_path, ==, "/opt/lib:$ORIGIN");
}

static void check_refused(const guint8 *data, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ImageElf) elf = read_elf(data, END, &error);

    g_assert_null(elf);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_true(g_str_has_prefix(error->message, "usr/bin/program: "));
    g_assert_nonnull(strstr(error->message, message));
}

static void test_refused(void)
{
    g_autofree guint8 *data = make_elf();

    ccw_store_be16(data + 18, EM_X86_64);
    check_refused(data, "not for s390x");
    ccw_store_be16(data + 18, EM_S390);
    put_dynamic(data + AT_DYNAMIC, DT_NEEDED, sizeof(STRINGS) + 1000);
    check_refused(data, "dynamic section is damaged");
    put_dynamic(data + AT_DYNAMIC, DT_NEEDED, LIBC_AT);
    ccw_store_be64(data + AT_PROGRAM + 8, END - 1);
    check_refused(data, "interpreter is damaged");
    ccw_store_be64(data + AT_PROGRAM + 8, G_MAXUINT64 - 4);
    check_refused(data, "interpreter is damaged");
}

/* Random damage: the file is parsed or rejected, and the sanitizers find a read beyond its end. */
static void test_damaged(void)
{
    static const guint8 values[] = { 0, 1, 0x7f, 0x80, 0xff };

    for (gsize at = SELFMAG; at < END; at++) {
        for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
            g_autofree guint8 *data = make_elf();
            g_autoptr(GError) error = NULL;
            g_autoptr(ImageElf) elf = NULL;

            data[at] = values[i];
            elf = read_elf(data, END, &error);
            g_assert_true(!elf == (error != NULL));
        }
    }
}

static void test_truncated(void)
{
    g_autofree guint8 *data = make_elf();

    for (gsize size = SELFMAG; size < END; size++) {
        g_autofree guint8 *part = g_memdup2(data, size);
        g_autoptr(GError) error = NULL;
        g_autoptr(ImageElf) elf = read_elf(part, size, &error);

        g_assert_true(!elf == (error != NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/elf/whole", test_whole);
    g_test_add_func("/image/elf/refused", test_refused);
    g_test_add_func("/image/elf/damaged", test_damaged);
    g_test_add_func("/image/elf/truncated", test_truncated);
    return g_test_run();
}
