/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the parsers of virt-ccw image for a foreign root file system and its guest: a program, a kernel's modules, the
 * guest's reports and its output. The first byte chooses the parser.
 */
#include <stdint.h>
#include <string.h>

#include "image/image-elf.h"
#include "image/image-lines.h"
#include "image/image-mark.h"
#include "image/image-modules.h"
#include "image/image-report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_elf(const uint8_t *data, size_t size)
{
    g_autoptr(GBytes) bytes = g_bytes_new(data, size);
    g_autoptr(ImageElf) elf = image_elf_is(bytes) ? image_elf_read(bytes, "program", NULL) : NULL;

    for (guint i = 0; elf && i < elf->needed->len; i++)
        g_assert_nonnull(g_ptr_array_index(elf->needed, i));
}

/* Whatever is in modules.dep, each module is added once, and the search ends. */
static void read_modules(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autoptr(ImageModules) modules = image_modules_parse(text, text, NULL);
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    if (!modules)
        return;
    image_modules_add(modules, "a", paths, NULL);
    image_modules_add(modules, "b", paths, NULL);
    for (guint i = 0; i < paths->len; i++)
        for (guint k = 0; k < i; k++)
            g_assert_cmpstr(g_ptr_array_index(paths, i), !=, g_ptr_array_index(paths, k));
}

static gboolean take_line(const char *line, gpointer data, GError **error)
{
    ImageReport report;

    g_assert_cmpuint(strlen(line), <=, IMAGE_LINE_MAX);
    image_tail_add(data, line);
    return image_report_parse(line, &report, error);
}

static void read_reports(const uint8_t *data, size_t size)
{
    g_autoptr(ImageLines) lines = image_lines_new();
    g_autoptr(GPtrArray) tail = g_ptr_array_new_with_free_func(g_free);

    image_lines_feed(lines, (const char *)data, size, take_line, tail, NULL);
    g_assert_cmpuint(tail->len, <=, IMAGE_TAIL_LINES);
}

/* However it is divided, the output before the mark is the same. */
static void read_output(const uint8_t *data, size_t size)
{
    g_autoptr(ImageMark) whole = image_mark_new("\001end\n"), divided = image_mark_new("\001end\n");
    g_autoptr(GByteArray) expected = g_byte_array_new(), found = g_byte_array_new();

    image_mark_feed(whole, data, size, expected);
    for (size_t i = 0; i < size; i++)
        image_mark_feed(divided, data + i, 1, found);
    g_assert_cmpint(whole->is_found, ==, divided->is_found);
    g_assert_cmpmem(found->data, found->len, expected->data, expected->len);
}

static void (*const parsers[])(const uint8_t *data, size_t size) = { read_elf, read_modules, read_reports,
                                                                     read_output };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        parsers[data[0] % G_N_ELEMENTS(parsers)](data + 1, size - 1);
    return 0;
}
