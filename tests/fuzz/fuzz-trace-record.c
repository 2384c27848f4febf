/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes files of trace records, which are read and shown as text and JSON. The seeds are a real guest's channel I/O.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace/trace-file.h"
#include "trace/trace-format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void show(const guint8 *bytes, gsize length)
{
    const TraceStyle styles[] = { { TRUE, 0 }, { TRUE, TRACE_DATA_MAX } };
    TraceRecord record;

    if (!trace_record_parse(bytes, length, &record, NULL))
        return;
    for (gsize i = 0; i < G_N_ELEMENTS(styles); i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        TraceRecord again = record, other = record;

        trace_format_text(&again, &styles[i], text);
        trace_format_json(&other, &styles[i], text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static guint8 buffer[TRACE_RECORD_MAX];
    FILE *file;
    gsize length;

    if (size == 0)
        return 0;
    file = fmemopen((void *)data, size, "r");
    if (!file)
        abort();
    while (trace_file_read(file, "input", buffer, &length, NULL) && length > 0) {
        g_autofree guint8 *exact = g_memdup2(buffer, length);

        show(exact, length);
    }
    fclose(file);
    return 0;
}
