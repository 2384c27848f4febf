/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trace/trace-picture-private.h"
#include "util/svg.h"

#define LEFT 70
#define WIDTH 960
#define RIGHT 30
#define HEADER 76     /* the title and the legend of the picture */
#define DEVICE_TOP 34 /* the name of a device */
#define SEEK_HEIGHT 240
#define ERROR_GAP 6
#define ERROR_HEIGHT 8
#define LATENCY_GAP 40
#define LATENCY_HEIGHT (3 * TRACE_PICTURE_LATENCY_ROWS)
#define SCALE_HEIGHT 56
#define DEVICE_HEIGHT                                                                                                  \
    (DEVICE_TOP + SEEK_HEIGHT + ERROR_GAP + ERROR_HEIGHT + LATENCY_GAP + LATENCY_HEIGHT + SCALE_HEIGHT)
#define CELL_MAX 8 /* pixels: the width of a cell of a short trace */
#define SHADES 4
#define TICKS_MAX 8

static const char style[] = ".other { fill: #9a9a9a }\n"
                            ".read { fill: #3f7fbf }\n"
                            ".write { fill: #e08a2e }\n"
                            ".error { fill: #d43a2f }\n"
                            ".shade0 { fill: #bcd3e8 }\n.shade1 { fill: #86aed3 }\n"
                            ".shade2 { fill: #4f86b8 }\n.shade3 { fill: #1f4e79 }\n";

static const char *const kind_classes[TRACE_PICTURE_KINDS] = {
    [TRACE_PICTURE_OTHER] = "other",
    [TRACE_PICTURE_READ] = "read",
    [TRACE_PICTURE_WRITE] = "write",
    [TRACE_PICTURE_ERROR] = "error",
};

/* Returns: the horizontal pixel of the start of a column. */
static guint x_of(const TracePicture *picture, guint column)
{
    return LEFT + column * WIDTH / MAX(picture->columns, 1);
}

static guint cell_width(const TracePicture *picture, guint column)
{
    guint width = x_of(picture, column + 1) - x_of(picture, column);

    return CLAMP(width, 1, CELL_MAX);
}

/* Returns: the vertical pixel above row, of rows that are drawn from the bottom up. */
static guint y_of(guint bottom, guint height, guint row, guint rows)
{
    return bottom - (row + 1) * height / rows;
}

static void draw_seek_cells(GString *svg, const TracePicture *picture, const TracePictureDevice *device, guint bottom,
                            TracePictureKind kind)
{
    CcwSvgFill fill = ccw_svg_fill_new(kind_classes[kind]);
    guint rows = MAX(device->seek_rows, 1);

    for (guint r = 0; r < rows; r++) {
        guint height = CLAMP(SEEK_HEIGHT / rows, 2, CELL_MAX);
        guint y = bottom - r * SEEK_HEIGHT / rows - height; /* where the axis has the row's first cylinder */

        for (guint c = 0; c < picture->columns; c++)
            if (device->seeks[c][r] == kind)
                ccw_svg_fill_add(&fill, x_of(picture, c), y, cell_width(picture, c), height);
    }
    ccw_svg_fill_end(svg, &fill);
}

/* Returns: the smallest 1, 2 or 5 times a power of ten that gives at most so many steps. */
static guint64 step_of(guint64 length, guint steps)
{
    static const guint factors[] = { 1, 2, 5 };

    for (guint64 power = 1; power < G_MAXUINT64 / 10; power *= 10)
        for (gsize i = 0; i < G_N_ELEMENTS(factors); i++)
            if (length / (power * factors[i]) <= steps)
                return power * factors[i];
    return length;
}

static void draw_cylinders(GString *svg, const TracePictureDevice *device, guint bottom)
{
    guint64 cylinders = (guint64)MAX(device->seek_rows, 1) * device->row_cylinders;
    guint64 step = step_of(cylinders, TICKS_MAX);

    for (guint64 cylinder = 0; cylinder < cylinders; cylinder += step) {
        guint y = bottom - (guint)(cylinder * SEEK_HEIGHT / cylinders);

        ccw_svg_line(svg, LEFT, y, LEFT + WIDTH, y, "axis");
        ccw_svg_text(svg, LEFT - 8, y + 4, "small end", "%u", (guint)cylinder);
    }
}

static void draw_seeks(GString *svg, const TracePicture *picture, const TracePictureDevice *device, guint top)
{
    guint bottom = top + SEEK_HEIGHT;

    ccw_svg_text(svg, LEFT, top - 8, "small", "seek position (cylinder)");
    draw_cylinders(svg, device, bottom);
    for (TracePictureKind kind = TRACE_PICTURE_OTHER; kind < TRACE_PICTURE_KINDS; kind++)
        draw_seek_cells(svg, picture, device, bottom, kind);
    ccw_svg_rect(svg, LEFT, top, WIDTH, SEEK_HEIGHT, "frame");
}

static void draw_errors(GString *svg, const TracePicture *picture, const TracePictureDevice *device, guint top)
{
    CcwSvgFill fill = ccw_svg_fill_new("error");

    ccw_svg_text(svg, LEFT - 8, top + ERROR_HEIGHT, "small end", "errors");
    for (guint c = 0; c < picture->columns; c++)
        if (device->has_error[c])
            ccw_svg_fill_add(&fill, x_of(picture, c), top, cell_width(picture, c) + 1, ERROR_HEIGHT);
    ccw_svg_fill_end(svg, &fill);
    ccw_svg_rect(svg, LEFT, top, WIDTH, ERROR_HEIGHT, "frame");
}

static guint bits_of(guint32 n)
{
    return n ? 32 - (guint)__builtin_clz(n) : 0;
}

static guint32 most_in_a_cell(const TracePictureDevice *device)
{
    guint32 most = 1;

    for (guint c = 0; c < TRACE_PICTURE_COLUMNS; c++)
        for (guint r = 0; r < TRACE_PICTURE_LATENCY_ROWS; r++)
            most = MAX(most, device->latencies[c][r]);
    return most;
}

/* Draws the cells whose number of functions has this shade; the shades are logarithmic. */
static void draw_shade(GString *svg, const TracePicture *picture, const TracePictureDevice *device, guint bottom,
                       guint32 most, guint shade)
{
    g_autofree char *style_class = g_strdup_printf("shade%u", shade);
    CcwSvgFill fill = ccw_svg_fill_new(style_class);
    guint scale = bits_of(most);

    for (guint r = 0; r < TRACE_PICTURE_LATENCY_ROWS; r++) {
        for (guint c = 0; c < picture->columns; c++) {
            guint bits = bits_of(device->latencies[c][r]);

            if (bits && (bits * SHADES - 1) / scale == shade)
                ccw_svg_fill_add(&fill, x_of(picture, c), y_of(bottom, LATENCY_HEIGHT, r, TRACE_PICTURE_LATENCY_ROWS),
                                 cell_width(picture, c), LATENCY_HEIGHT / TRACE_PICTURE_LATENCY_ROWS);
        }
    }
    ccw_svg_fill_end(svg, &fill);
}

static void draw_latencies(GString *svg, const TracePicture *picture, const TracePictureDevice *device, guint top)
{
    static const struct {
        guint64 ns;
        const char *text;
    } ticks[] = {
        { 10000, "10 µs" },    { 100000, "100 µs" },    { 1000000, "1 ms" },
        { 10000000, "10 ms" }, { 100000000, "100 ms" }, { 1000000000, "1 s" },
    };
    guint bottom = top + LATENCY_HEIGHT;
    guint32 most = most_in_a_cell(device);

    ccw_svg_text(svg, LEFT, top - 8, "small", "time of a function, from start to status (darker: more functions)");
    for (gsize i = 0; i < G_N_ELEMENTS(ticks); i++) {
        guint y = y_of(bottom, LATENCY_HEIGHT, trace_picture_latency_row(ticks[i].ns), TRACE_PICTURE_LATENCY_ROWS);

        ccw_svg_line(svg, LEFT, y, LEFT + WIDTH, y, "axis");
        ccw_svg_text(svg, LEFT - 8, y + 4, "small end", "%s", ticks[i].text);
    }
    for (guint shade = 0; shade < SHADES; shade++)
        draw_shade(svg, picture, device, bottom, most, shade);
    ccw_svg_rect(svg, LEFT, top, WIDTH, LATENCY_HEIGHT, "frame");
}

static void draw_time(GString *svg, const TracePicture *picture, guint top)
{
    static const struct {
        guint64 ns;
        const char *name;
    } units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "µs" }, { 1, "ns" } };
    guint64 length = MAX(picture->columns, 1) * picture->column_ns;
    guint64 step = step_of(length, TICKS_MAX);
    gsize unit = 0;

    while (units[unit].ns > step)
        unit++;
    for (guint64 n = 0; n <= length / step; n++) {
        guint64 time = n * step;
        guint x = LEFT + (guint)((double)time * WIDTH / (double)length);

        ccw_svg_line(svg, x, top, x, top + 6, "frame");
        ccw_svg_text(svg, x, top + 20, "small middle", "%" G_GUINT64_FORMAT " %s", time / units[unit].ns,
                     units[unit].name);
    }
}

static void draw_device(GString *svg, const TracePicture *picture, const TracePictureDevice *device, guint top)
{
    guint seeks = top + DEVICE_TOP;
    guint errors = seeks + SEEK_HEIGHT + ERROR_GAP;
    guint latencies = errors + ERROR_HEIGHT + LATENCY_GAP;
    char bus_id[CCW_BUS_ID_STR_LEN];

    ccw_svg_text(svg, LEFT, top + 8, "text", "%s: %" G_GUINT64_FORMAT " functions, %" G_GUINT64_FORMAT " with errors",
                 ccw_bus_id_format(&device->id, bus_id), device->functions, device->errors);
    draw_seeks(svg, picture, device, seeks);
    draw_errors(svg, picture, device, errors);
    draw_latencies(svg, picture, device, latencies);
    draw_time(svg, picture, latencies + LATENCY_HEIGHT);
}

static void draw_legend(GString *svg)
{
    static const char *const texts[TRACE_PICTURE_KINDS] = {
        [TRACE_PICTURE_OTHER] = "other",
        [TRACE_PICTURE_READ] = "read",
        [TRACE_PICTURE_WRITE] = "write",
        [TRACE_PICTURE_ERROR] = "error",
    };

    for (TracePictureKind kind = TRACE_PICTURE_OTHER; kind < TRACE_PICTURE_KINDS; kind++) {
        guint x = LEFT + WIDTH - 300 + (guint)kind * 70;

        ccw_svg_rect(svg, x - 70, 22, 12, 12, kind_classes[kind]);
        ccw_svg_text(svg, x - 52, 33, "small", "%s", texts[kind]);
    }
}

char *trace_picture_svg(const TracePicture *picture)
{
    guint n = MAX(picture->devices->len, 1);
    GString *svg = ccw_svg_new(LEFT + WIDTH + RIGHT, HEADER + n * DEVICE_HEIGHT, "Channel I/O", style);

    ccw_svg_text(svg, LEFT, 33, "title", "Channel I/O");
    draw_legend(svg);
    if (!picture->devices->len)
        ccw_svg_text(svg, LEFT, HEADER, "text", "no function was traced");
    if (picture->left_out)
        ccw_svg_text(svg, LEFT, 54, "small",
                     "%" G_GUINT64_FORMAT " functions of more devices are not shown: --device chooses devices",
                     picture->left_out);
    for (guint i = 0; i < picture->devices->len; i++)
        draw_device(svg, picture, picture->devices->pdata[i], HEADER + i * DEVICE_HEIGHT);
    return ccw_svg_end(svg);
}
