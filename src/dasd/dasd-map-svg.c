/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws a map: a lane of partitions and data sets, one of the tracks' state and one of what is allocated on the host,
 * over one scale of cylinders; and a table of the largest regions below.
 */
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-map.h"
#include "util/svg.h"

#define LEFT 20
#define WIDTH DASD_MAP_BINS /* of a lane, so that each bin has a pixel */
#define PICTURE_WIDTH (WIDTH + 2 * LEFT)
#define USE_TOP 92
#define USE_HEIGHT 44
#define STATE_TOP 168
#define STATE_HEIGHT 90
#define HOST_TOP 290
#define HOST_HEIGHT 44
#define SCALE_TOP 348
#define TABLE_TOP 396
#define ROW_HEIGHT 18
#define ROWS_MAX 24
#define TICKS_MAX 8
#define DAMAGE_MIN 6   /* pixels, so that one damaged track of a large volume is seen */
#define LETTER_WIDTH 7 /* about, of a name in a lane */
#define COLOURS 6

static const char style[] = ".formatted { fill: #4e9a5b }\n"
                            ".empty { fill: #e8e6df }\n"
                            ".damaged { fill: #d43a2f }\n"
                            ".allocated { fill: #4f7fb8 }\n"
                            ".hole { fill: #eef2f7 }\n"
                            ".free { fill: #f3f3f3 }\n"
                            ".label { fill: #777 }\n"
                            ".vtoc { fill: #b58db6 }\n"
                            ".set0 { fill: #8ab6d6 }\n.set1 { fill: #f0b56a }\n.set2 { fill: #9fcf8f }\n"
                            ".set3 { fill: #e79aa0 }\n.set4 { fill: #c5b3e6 }\n.set5 { fill: #d8cf7a }\n";

/* Returns: the horizontal pixel of the start of a track. */
static guint x_of(const DasdMap *map, guint32 track)
{
    return LEFT + (guint)((guint64)track * WIDTH / map->tracks);
}

/* Returns: the style of a region. @set: how many data sets there were before it */
static char *region_class(const DasdExtent *extent, guint set)
{
    static const char *const classes[] = {
        [DASD_EXTENT_LABEL] = "label",
        [DASD_EXTENT_VTOC] = "vtoc",
        [DASD_EXTENT_FREE] = "free",
    };

    return extent->kind == DASD_EXTENT_DATA_SET ? g_strdup_printf("set%u", set % COLOURS)
                                                : g_strdup(classes[extent->kind]);
}

static void draw_uses(GString *svg, const DasdMap *map)
{
    guint set = 0;

    ccw_svg_text(svg, LEFT, USE_TOP - 8, "text", "Partitions and data sets");
    for (guint i = 0; i < map->regions->len; i++) {
        const DasdExtent *extent = &g_array_index(map->regions, DasdMapRegion, i).extent;
        guint x = x_of(map, extent->first);
        guint width = x_of(map, extent->last + 1) - x;
        g_autofree char *style_class = region_class(extent, set);
        g_autofree char *name = dasd_map_name(extent);

        set += extent->kind == DASD_EXTENT_DATA_SET ? 1 : 0;
        ccw_svg_rect(svg, x, USE_TOP, width ? width : 1, USE_HEIGHT, style_class);
        if (g_utf8_strlen(name, -1) * LETTER_WIDTH < (glong)width)
            ccw_svg_text(svg, x + width / 2, USE_TOP + USE_HEIGHT / 2 + 5, "middle", "%s", name);
    }
    ccw_svg_rect(svg, LEFT, USE_TOP, WIDTH, USE_HEIGHT, "frame");
}

/* Returns: the height that a part of the tracks has; not 0 for one track. */
static guint part_height(guint32 part, guint32 tracks, guint height, guint least)
{
    guint pixels = (guint)((guint64)part * height / tracks);

    return part && pixels < least ? least : pixels;
}

static void draw_states(GString *svg, const DasdMap *map)
{
    CcwSvgFill formatted = ccw_svg_fill_new("formatted"), damaged = ccw_svg_fill_new("damaged");

    ccw_svg_text(svg, LEFT, STATE_TOP - 8, "text", "Tracks");
    ccw_svg_rect(svg, LEFT, STATE_TOP, WIDTH, STATE_HEIGHT, "empty");
    for (guint b = 0; b < map->n_bins; b++) {
        const DasdMapCounts *bin = &map->bins[b];
        guint x = LEFT + b * WIDTH / map->n_bins;
        guint width = LEFT + (b + 1) * WIDTH / map->n_bins - x;
        guint low = part_height(bin->formatted, bin->tracks, STATE_HEIGHT, 1);
        guint high = part_height(bin->damaged, bin->tracks, STATE_HEIGHT, DAMAGE_MIN);

        if (low)
            ccw_svg_fill_add(&formatted, x, STATE_TOP + STATE_HEIGHT - low, width, low);
        if (high)
            ccw_svg_fill_add(&damaged, x, STATE_TOP, width, high);
    }
    ccw_svg_fill_end(svg, &formatted);
    ccw_svg_fill_end(svg, &damaged);
    ccw_svg_rect(svg, LEFT, STATE_TOP, WIDTH, STATE_HEIGHT, "frame");
}

static void draw_host(GString *svg, const DasdMap *map)
{
    CcwSvgFill allocated = ccw_svg_fill_new("allocated");

    ccw_svg_text(svg, LEFT, HOST_TOP - 8, "text", "Allocated on the host");
    ccw_svg_rect(svg, LEFT, HOST_TOP, WIDTH, HOST_HEIGHT, "hole");
    for (guint b = 0; b < map->n_bins; b++) {
        guint x = LEFT + b * WIDTH / map->n_bins;
        guint height = part_height(map->bins[b].allocated, map->bins[b].tracks, HOST_HEIGHT, 1);

        if (height)
            ccw_svg_fill_add(&allocated, x, HOST_TOP + HOST_HEIGHT - height, LEFT + (b + 1) * WIDTH / map->n_bins - x,
                             height);
    }
    ccw_svg_fill_end(svg, &allocated);
    ccw_svg_rect(svg, LEFT, HOST_TOP, WIDTH, HOST_HEIGHT, "frame");
}

/* Returns: the smallest 1, 2 or 5 times a power of ten that gives at most so many steps. */
static guint32 step_of(guint32 length, guint steps)
{
    static const guint factors[] = { 1, 2, 5 };

    for (guint32 power = 1; power <= DASD_3390_CYLINDERS_MAX; power *= 10)
        for (gsize i = 0; i < G_N_ELEMENTS(factors); i++)
            if (length / (power * factors[i]) <= steps)
                return power * factors[i];
    return length;
}

static void draw_scale(GString *svg, const DasdMap *map)
{
    guint32 cylinders = map->tracks / DASD_3390_HEADS;
    guint32 step = step_of(cylinders, TICKS_MAX);

    for (guint32 cylinder = 0; cylinder <= cylinders; cylinder += step) {
        guint x = x_of(map, cylinder * DASD_3390_HEADS);

        ccw_svg_line(svg, x, HOST_TOP + HOST_HEIGHT, x, SCALE_TOP - 8, "frame");
        ccw_svg_text(svg, x, SCALE_TOP + 6, cylinder ? "small middle" : "small", "%u", cylinder);
    }
    ccw_svg_text(svg, LEFT + WIDTH, SCALE_TOP + 22, "small end", "cylinder");
}

static void draw_legend(GString *svg)
{
    static const struct {
        const char *style_class;
        const char *text;
    } keys[] = {
        { "formatted", "formatted" }, { "empty", "not formatted" },  { "damaged", "damaged" },
        { "allocated", "allocated" }, { "free", "of no partition" },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        guint x = LEFT + WIDTH - 620 + (guint)i * 128;

        ccw_svg_rect(svg, x, 46, 14, 14, keys[i].style_class);
        ccw_svg_rect(svg, x, 46, 14, 14, "frame");
        ccw_svg_text(svg, x + 20, 58, "small", "%s", keys[i].text);
    }
}

static void draw_row(GString *svg, guint row, const DasdMapRegion *region, const char *style_class)
{
    const DasdExtent *extent = &region->extent;
    guint y = TABLE_TOP + 24 + row * ROW_HEIGHT;
    g_autofree char *name = dasd_map_name(extent);

    ccw_svg_rect(svg, LEFT, y - 11, 12, 12, style_class);
    ccw_svg_rect(svg, LEFT, y - 11, 12, 12, "frame");
    ccw_svg_text(svg, LEFT + 20, y, "text", "%s", name);
    ccw_svg_text(svg, LEFT + 520, y, "end", "%u.%u", extent->first / DASD_3390_HEADS, extent->first % DASD_3390_HEADS);
    ccw_svg_text(svg, LEFT + 610, y, "end", "%u.%u", extent->last / DASD_3390_HEADS, extent->last % DASD_3390_HEADS);
    ccw_svg_text(svg, LEFT + 700, y, "end", "%u", region->counts.tracks);
    ccw_svg_text(svg, LEFT + 800, y, "end", "%u", region->counts.formatted);
    ccw_svg_text(svg, LEFT + 890, y, "end", "%u", region->counts.damaged);
    ccw_svg_text(svg, LEFT + WIDTH, y, "end", "%u", region->counts.allocated);
}

static void draw_table(GString *svg, const DasdMap *map)
{
    static const struct {
        guint x;
        const char *text;
    } headings[] = {
        { 520, "first" },     { 610, "last" },    { 700, "tracks" },
        { 800, "formatted" }, { 890, "damaged" }, { WIDTH, "allocated" },
    };
    guint set = 0;

    for (gsize i = 0; i < G_N_ELEMENTS(headings); i++)
        ccw_svg_text(svg, LEFT + headings[i].x, TABLE_TOP, "small end", "%s", headings[i].text);
    ccw_svg_text(svg, LEFT, TABLE_TOP, "small", "what the tracks belong to (first and last: cylinder.head)");
    ccw_svg_line(svg, LEFT, TABLE_TOP + 6, LEFT + WIDTH, TABLE_TOP + 6, "axis");
    for (guint i = 0; i < MIN(map->regions->len, ROWS_MAX); i++) {
        const DasdMapRegion *region = &g_array_index(map->regions, DasdMapRegion, i);
        g_autofree char *style_class = region_class(&region->extent, set);

        set += region->extent.kind == DASD_EXTENT_DATA_SET ? 1 : 0;
        draw_row(svg, i, region, style_class);
    }
    if (map->regions->len > ROWS_MAX)
        ccw_svg_text(svg, LEFT + 20, TABLE_TOP + 24 + ROWS_MAX * ROW_HEIGHT, "small",
                     "%u more: 'virt-ccw dasd map' without --svg lists all", map->regions->len - ROWS_MAX);
}

char *dasd_map_svg(const DasdMap *map, const DasdImageInfo *info, const char *name)
{
    guint rows = MIN(map->regions->len, ROWS_MAX + 1);
    g_autofree char *base = g_path_get_basename(name);
    GString *svg = ccw_svg_new(PICTURE_WIDTH, TABLE_TOP + 40 + rows * ROW_HEIGHT, base, style);

    ccw_svg_text(svg, LEFT, 32, "title", "%s", base);
    ccw_svg_text(svg, LEFT, 58, "small", "%s, %u cylinders%s%s", info->name, info->cylinders,
                 *info->volser ? ", volume " : "", info->volser);
    draw_legend(svg);
    draw_uses(svg, map);
    draw_states(svg, map);
    draw_host(svg, map);
    draw_scale(svg, map);
    draw_table(svg, map);
    return ccw_svg_end(svg);
}
