/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests the parsers of a guest's output: image/image-report.h, image/image-lines.h and image/image-mark.h. */
#include "image/image-report.h"

#include "image/image-lines.h"
#include "image/image-mark.h"
#include "util/error.h"

static void check_report(const char *line, ImageReportKind kind, const char *text, guint32 number, guint32 total)
{
    g_autoptr(GError) error = NULL;
    ImageReport report;

    image_report_parse(line, &report, &error);
    g_assert_no_error(error);
    g_assert_cmpint(report.kind, ==, kind);
    g_assert_cmpstr(report.text, ==, text);
    g_assert_cmpuint(report.number, ==, number);
    g_assert_cmpuint(report.total, ==, total);
}

static void test_forms(void)
{
    check_report("step boot-record", IMAGE_REPORT_STEP, "boot-record", 0, 0);
    check_report("progress 5 10", IMAGE_REPORT_PROGRESS, NULL, 5, 10);
    check_report("progress 4294967295 4294967295", IMAGE_REPORT_PROGRESS, NULL, G_MAXUINT32, G_MAXUINT32);
    check_report("say step format", IMAGE_REPORT_SAY, "step format", 0, 0);
    check_report("say ", IMAGE_REPORT_SAY, "", 0, 0);
    check_report("failed 255", IMAGE_REPORT_FAILED, NULL, 255, 0);
    check_report("exit 0", IMAGE_REPORT_EXIT, NULL, 0, 0);
    check_report("done", IMAGE_REPORT_DONE, NULL, 0, 0);
}

static void test_refused_forms(void)
{
    static const char *const lines[] = {
        "",
        "step",
        "step ",
        "step Format",
        "step a b",
        "step a\t",
        "Done",
        "done ",
        "done 0",
        "progress 5",
        "progress 6 5",
        "exit",
        "exit 256",
        "exit -1",
        "exit +1",
        "exit 1 ",
        "exit 0x1",
        "progress 1 2 3",
        "say",
        "failed one",
        " done",
        "progress -1 5",
        "progress 1  2",
        "progress 1 4294967296",
        "step aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "\033[2J",
    };

    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        g_autoptr(GError) error = NULL;
        ImageReport report;

        g_assert_false(image_report_parse(lines[i], &report, &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
        g_assert_null(strchr(error->message, '\033'));
    }
}

static gboolean add_line(const char *line, gpointer data, GError **error)
{
    g_string_append_printf(data, "<%s>", line);
    if (g_strcmp0(line, "stop") != 0)
        return TRUE;
    g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "stopped");
    return FALSE;
}

/* The lines are the same, however the bytes are divided. */
static void test_lines(void)
{
    static const char text[] = "one\n\r\ntwo\r\nth\0ree\nrest";

    for (gsize part = 1; part < sizeof(text); part++) {
        g_autoptr(ImageLines) lines = image_lines_new();
        g_autoptr(GString) found = g_string_new(NULL);

        for (gsize at = 0; at < sizeof(text) - 1; at += part)
            g_assert_true(image_lines_feed(lines, text + at, MIN(part, sizeof(text) - 1 - at), add_line, found, NULL));
        g_assert_cmpstr(found->str, ==, "<one><><two><th?ree>");
    }
}

static void test_long_line(void)
{
    g_autoptr(ImageLines) lines = image_lines_new();
    g_autoptr(GString) found = g_string_new(NULL);
    g_autofree char *text = g_strnfill(100 * IMAGE_LINE_MAX, 'x');

    for (guint i = 0; i < 10; i++)
        g_assert_true(image_lines_feed(lines, text, 100 * IMAGE_LINE_MAX, add_line, found, NULL));
    g_assert_true(image_lines_feed(lines, "\nnext\n", 6, add_line, found, NULL));
    g_assert_cmpuint(found->len, ==, IMAGE_LINE_MAX + 2 + strlen("<next>"));
    g_assert_true(g_str_has_suffix(found->str, "x><next>"));
}

static void test_error_in_line(void)
{
    g_autoptr(ImageLines) lines = image_lines_new();
    g_autoptr(GString) found = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(image_lines_feed(lines, "stop\nmore\n", 10, add_line, found, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL);
    g_assert_cmpstr(found->str, ==, "<stop>");
}

static void test_tail(void)
{
    g_autoptr(GPtrArray) tail = g_ptr_array_new_with_free_func(g_free);

    for (guint i = 0; i < 3 * IMAGE_TAIL_LINES; i++) {
        g_autofree char *line = g_strdup_printf("%u \033[2J", i);

        image_tail_add(tail, line);
        image_tail_add(tail, "  ");
    }
    g_assert_cmpuint(tail->len, ==, IMAGE_TAIL_LINES);
    g_assert_cmpstr(g_ptr_array_index(tail, 0), ==, "40 ?[2J");
}

/* The output before the mark comes out unchanged and at once, however the bytes are divided. The rest is dropped. */
static void test_mark(void)
{
    static const char text[] = "a\001b\001en\001e\001end\nrest\001end\n";

    for (gsize part = 1; part < sizeof(text); part++) {
        g_autoptr(ImageMark) mark = image_mark_new("\001end\n");
        g_autoptr(GByteArray) output = g_byte_array_new();

        for (gsize at = 0; at < sizeof(text) - 1; at += part)
            image_mark_feed(mark, (const guint8 *)text + at, MIN(part, sizeof(text) - 1 - at), output);
        g_assert_true(mark->is_found);
        g_assert_cmpmem(output->data, output->len, "a\001b\001en\001e", 8);
    }
}

static void test_mark_holds_little(void)
{
    g_autoptr(ImageMark) mark = image_mark_new("\001end\n");
    g_autoptr(GByteArray) output = g_byte_array_new();

    image_mark_feed(mark, (const guint8 *)"password: ", 10, output);
    g_assert_cmpmem(output->data, output->len, "password: ", 10);
    image_mark_feed(mark, (const guint8 *)"x\001en", 4, output);
    g_assert_cmpuint(output->len, ==, 11);
    g_assert_false(mark->is_found);
}

static void test_random_mark(void)
{
    g_autofree char *one = image_mark_random(), *other = image_mark_random();

    g_assert_cmpstr(one, !=, other);
    g_assert_cmpuint(strlen(one), >=, 32);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/image/report/forms", test_forms);
    g_test_add_func("/image/report/refused", test_refused_forms);
    g_test_add_func("/image/lines/divided", test_lines);
    g_test_add_func("/image/lines/long", test_long_line);
    g_test_add_func("/image/lines/error", test_error_in_line);
    g_test_add_func("/image/lines/tail", test_tail);
    g_test_add_func("/image/mark/divided", test_mark);
    g_test_add_func("/image/mark/holds-little", test_mark_holds_little);
    g_test_add_func("/image/mark/random", test_random_mark);
    return g_test_run();
}
