/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-picture.h"

#include <string.h>

#include "channel/arch.h"
#include "trace/trace-decode.h"
#include "trace/trace-format.h"
#include "trace/trace-picture-private.h"

#define FIRST_COLUMN_NS 1024
#define COLUMN_NS_MAX (G_MAXUINT64 / TRACE_PICTURE_COLUMNS / 2)
#define CYLINDER_MAX 65535
#define POSITIONS_MAX 16 /* of one function */

TracePicture *trace_picture_new(void)
{
    TracePicture *picture = g_new0(TracePicture, 1);

    picture->devices = g_ptr_array_new_with_free_func(g_free);
    picture->column_ns = FIRST_COLUMN_NS;
    return picture;
}

void trace_picture_free(TracePicture *picture)
{
    g_ptr_array_unref(picture->devices);
    g_free(picture);
}

static TracePictureDevice *find_device(TracePicture *picture, const CcwBusId *id)
{
    TracePictureDevice *device;

    for (guint i = 0; i < picture->devices->len; i++) {
        device = picture->devices->pdata[i];
        if (ccw_bus_id_equal(&device->id, id))
            return device;
    }
    if (picture->devices->len == TRACE_PICTURE_DEVICES_MAX)
        return NULL;
    device = g_new0(TracePictureDevice, 1);
    device->id = *id;
    device->row_cylinders = 1;
    g_ptr_array_add(picture->devices, device);
    return device;
}

/* Joins each two columns of a device into one. */
static void join_columns(TracePictureDevice *device)
{
    for (guint c = 0; c < TRACE_PICTURE_COLUMNS; c++) {
        gboolean is_used = c < TRACE_PICTURE_COLUMNS / 2;

        for (guint r = 0; r < TRACE_PICTURE_SEEK_ROWS; r++) {
            guint8 first = is_used ? device->seeks[2 * c][r] : 0, second = is_used ? device->seeks[2 * c + 1][r] : 0;

            device->seeks[c][r] = MAX(first, second);
        }
        for (guint r = 0; r < TRACE_PICTURE_LATENCY_ROWS; r++)
            device->latencies[c][r] = is_used ? device->latencies[2 * c][r] + device->latencies[2 * c + 1][r] : 0;
        device->has_error[c] = is_used ? device->has_error[2 * c] | device->has_error[2 * c + 1] : 0;
    }
}

/* Joins each two rows of seeks into one. */
static void join_rows(TracePictureDevice *device)
{
    for (guint c = 0; c < TRACE_PICTURE_COLUMNS; c++) {
        for (guint r = 0; r < TRACE_PICTURE_SEEK_ROWS; r++) {
            gboolean is_used = r < TRACE_PICTURE_SEEK_ROWS / 2;
            guint8 first = is_used ? device->seeks[c][2 * r] : 0, second = is_used ? device->seeks[c][2 * r + 1] : 0;

            device->seeks[c][r] = MAX(first, second);
        }
    }
    device->row_cylinders *= 2;
    device->seek_rows = (device->seek_rows + 1) / 2;
}

/* Returns: the column of a time, for which columns are joined if need be. */
static guint find_column(TracePicture *picture, guint64 started)
{
    guint64 since = started > picture->origin ? started - picture->origin : 0;
    guint column;

    while (since / picture->column_ns >= TRACE_PICTURE_COLUMNS && picture->column_ns < COLUMN_NS_MAX) {
        for (guint i = 0; i < picture->devices->len; i++)
            join_columns(picture->devices->pdata[i]);
        picture->column_ns *= 2;
        picture->columns = (picture->columns + 1) / 2;
    }
    since /= picture->column_ns;
    column = (guint)MIN(since, TRACE_PICTURE_COLUMNS - 1);
    picture->columns = MAX(picture->columns, column + 1);
    return column;
}

guint trace_picture_latency_row(guint64 duration)
{
    guint power = 63 - (guint)__builtin_clzll(duration | 1);
    guint64 part; /* of the power of two, in steps */
    guint row;

    if (power < TRACE_PICTURE_LATENCY_POWER)
        return 0;
    part = ((duration >> (power - TRACE_PICTURE_LATENCY_POWER)) - ((guint64)1 << TRACE_PICTURE_LATENCY_POWER)) *
               TRACE_PICTURE_LATENCY_STEPS >>
           TRACE_PICTURE_LATENCY_POWER;
    row = (power - TRACE_PICTURE_LATENCY_POWER) * TRACE_PICTURE_LATENCY_STEPS + (guint)part;
    return MIN(row, TRACE_PICTURE_LATENCY_ROWS - 1);
}

static void add_seek(TracePictureDevice *device, guint column, guint32 cylinder, TracePictureKind kind)
{
    guint row;

    cylinder = MIN(cylinder, CYLINDER_MAX);
    while (cylinder / device->row_cylinders >= TRACE_PICTURE_SEEK_ROWS)
        join_rows(device);
    row = cylinder / device->row_cylinders;
    device->seek_rows = MAX(device->seek_rows, row + 1);
    if (device->seeks[column][row] < kind)
        device->seeks[column][row] = (guint8)kind;
}

/* What a function did, and where. */
typedef struct {
    TracePictureKind kind;
    guint n;
    guint32 cylinders[POSITIONS_MAX];
} Work;

/* Reads the CCWs up to the one at which the program stopped. */
static Work read_work(const TraceRecord *record)
{
    TraceRecord copy = *record;
    TraceStep step = { 0 };
    Work work = { .kind = TRACE_PICTURE_OTHER };
    int stop = record->error ? -1 : trace_format_stop(record);

    while (trace_format_step(&copy, &step) && (stop < 0 || (int)step.index <= stop)) {
        TraceCommandKind kind = trace_command_kind(step.cmd);
        guint32 cylinder;

        if (step.chained)
            continue;
        if (kind == TRACE_COMMAND_WRITES)
            work.kind = TRACE_PICTURE_WRITE;
        else if (kind == TRACE_COMMAND_READS && work.kind == TRACE_PICTURE_OTHER)
            work.kind = TRACE_PICTURE_READ;
        if (work.n < POSITIONS_MAX && trace_decode_cylinder(step.cmd, step.ccw.data, step.ccw.n_data, &cylinder))
            work.cylinders[work.n++] = cylinder;
    }
    return work;
}

void trace_picture_add(TracePicture *picture, const TraceRecord *record)
{
    TracePictureDevice *device = find_device(picture, &record->bus_id);
    Work work = read_work(record);
    guint column;

    if (!device) {
        picture->left_out++;
        return;
    }
    if (picture->columns == 0)
        picture->origin = record->started;
    column = find_column(picture, record->started);
    device->functions++;
    device->latencies[column][trace_picture_latency_row(record->duration)]++;
    if (trace_format_is_error(record)) {
        device->errors++;
        device->has_error[column] = 1;
    }
    for (guint i = 0; i < work.n; i++)
        add_seek(device, column, work.cylinders[i],
                 i + 1 == work.n && trace_format_is_error(record) ? TRACE_PICTURE_ERROR : work.kind);
}
