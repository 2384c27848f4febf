/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "image/image-report.h"

#include <string.h>

#include "util/error.h"

#define STEP_MAX 32u       /* characters of a step's name */
#define EXIT_CODE_MAX 255u /* of a process */

static gboolean parse_step(const char *text, ImageReport *report)
{
    gsize length = strspn(text, "abcdefghijklmnopqrstuvwxyz-");

    report->text = text;
    return length > 0 && length <= STEP_MAX && text[length] == '\0';
}

static gboolean parse_say(const char *text, ImageReport *report)
{
    report->text = text;
    return TRUE;
}

static gboolean parse_number(const char *text, guint32 max, guint32 *ret_number)
{
    guint64 value;

    if (!g_ascii_isdigit(*text) || !g_ascii_string_to_unsigned(text, 10, 0, max, &value, NULL))
        return FALSE;
    *ret_number = (guint32)value;
    return TRUE;
}

static gboolean parse_code(const char *text, ImageReport *report)
{
    return parse_number(text, EXIT_CODE_MAX, &report->number);
}

static gboolean parse_progress(const char *text, ImageReport *report)
{
    const char *blank = strchr(text, ' ');
    g_autofree char *number = blank ? g_strndup(text, (gsize)(blank - text)) : NULL;

    return blank && parse_number(number, G_MAXUINT32, &report->number) &&
           parse_number(blank + 1, G_MAXUINT32, &report->total) && report->number <= report->total;
}

static gboolean parse_nothing(const char *text, ImageReport *report G_GNUC_UNUSED)
{
    return *text == '\0';
}

static const struct {
    const char *word; /* with the blank that follows it */
    ImageReportKind kind;
    gboolean (*parse)(const char *text, ImageReport *report);
} forms[] = {
    { "step ", IMAGE_REPORT_STEP, parse_step }, { "progress ", IMAGE_REPORT_PROGRESS, parse_progress },
    { "say ", IMAGE_REPORT_SAY, parse_say },    { "failed ", IMAGE_REPORT_FAILED, parse_code },
    { "exit ", IMAGE_REPORT_EXIT, parse_code }, { "done", IMAGE_REPORT_DONE, parse_nothing },
};

gboolean image_report_parse(const char *line, ImageReport *ret_report, GError **error)
{
    g_autofree char *safe = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(forms); i++) {
        ImageReport report = { .kind = forms[i].kind };

        if (!g_str_has_prefix(line, forms[i].word) || !forms[i].parse(line + strlen(forms[i].word), &report))
            continue;
        *ret_report = report;
        return TRUE;
    }
    safe = ccw_one_line(line);
    g_set_error(error, CCW_ERROR, CCW_ERROR_PROTOCOL, "the guest reports '%.80s', which has no known form", safe);
    return FALSE;
}
