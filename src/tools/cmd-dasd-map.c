/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virt-ccw dasd map: shows which tracks of an image are formatted, damaged or allocated, and what they belong to.
 * dasd/dasd-map.h makes the map.
 */
#include <stdio.h>
#include <unistd.h>

#include "cmd-json.h"
#include "cmd-progress.h"
#include "cmd-table.h"
#include "commands.h"
#include "dasd/dasd-ckd.h"
#include "dasd/dasd-map.h"
#include "util/error.h"

#define SVG_MODE 0644

typedef struct {
    CmdProgress progress;
    guint32 tracks;
} Scan;

static char *svg_path;
static gboolean is_json;

static const GOptionEntry options[] = {
    { "svg", 0, 0, G_OPTION_ARG_FILENAME, &svg_path, "Draw the map as a picture into FILE", "FILE" },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &is_json, "Print JSON", NULL },
    G_OPTION_ENTRY_NULL,
};

static void on_progress(guint32 tracks, gpointer opaque)
{
    Scan *scan = opaque;

    cmd_progress_update(&scan->progress, tracks, scan->tracks);
}

static DasdMap *make_map(const char *path, DasdImageInfo *ret_info, GError **error)
{
    g_autofree char *what = g_strdup_printf("reading %s", path);
    int fd = dasd_image_open_unlocked(path, ret_info, error);
    DasdMap *map;
    Scan scan;

    if (fd < 0)
        return NULL;
    scan.tracks = ret_info->cylinders * ret_info->heads;
    cmd_progress_start(&scan.progress, what);
    map = dasd_map_new(fd, ret_info, on_progress, &scan);
    cmd_progress_clear(&scan.progress);
    close(fd);
    return map;
}

static void print_row(const char *first, const char *last, const DasdMapCounts *counts, const char *name)
{
    printf("%-9s %-9s %8u %10u %8u %10u  %s\n", first, last, counts->tracks, counts->formatted, counts->damaged,
           counts->allocated, name);
}

/* Returns: a track as "cylinder.head", to be freed with g_free(). */
static char *format_track(guint32 track)
{
    return g_strdup_printf("%u.%u", track / DASD_3390_HEADS, track % DASD_3390_HEADS);
}

static void print_table(const DasdMap *map)
{
    printf("%-9s %-9s %8s %10s %8s %10s  %s\n", "FIRST", "LAST", "TRACKS", "FORMATTED", "DAMAGED", "ALLOCATED", "USE");
    for (guint i = 0; i < map->regions->len; i++) {
        const DasdMapRegion *region = &g_array_index(map->regions, DasdMapRegion, i);
        g_autofree char *first = format_track(region->extent.first);
        g_autofree char *last = format_track(region->extent.last);
        g_autofree char *name = dasd_map_name(&region->extent);

        print_row(first, last, &region->counts, name);
    }
    print_row("", "", &map->total, "the whole volume");
}

static JsonObject *counts_object(const DasdMapCounts *counts)
{
    JsonObject *object = json_object_new();

    json_object_set_int_member(object, "tracks", counts->tracks);
    json_object_set_int_member(object, "formatted", counts->formatted);
    json_object_set_int_member(object, "damaged", counts->damaged);
    json_object_set_int_member(object, "allocated", counts->allocated);
    return object;
}

static JsonArray *regions_array(const DasdMap *map)
{
    static const char *const kinds[] = {
        [DASD_EXTENT_LABEL] = "label",
        [DASD_EXTENT_VTOC] = "vtoc",
        [DASD_EXTENT_DATA_SET] = "data set",
        [DASD_EXTENT_FREE] = "free",
    };
    JsonArray *array = json_array_new();

    for (guint i = 0; i < map->regions->len; i++) {
        const DasdMapRegion *region = &g_array_index(map->regions, DasdMapRegion, i);
        JsonObject *object = counts_object(&region->counts);

        json_object_set_int_member(object, "first_track", region->extent.first);
        json_object_set_int_member(object, "last_track", region->extent.last);
        json_object_set_string_member(object, "kind", kinds[region->extent.kind]);
        if (region->extent.kind == DASD_EXTENT_DATA_SET)
            json_object_set_string_member(object, "name", region->extent.name);
        else
            json_object_set_null_member(object, "name");
        json_array_add_object_element(array, object);
    }
    return array;
}

static void print_json(const DasdMap *map)
{
    JsonObject *object = counts_object(&map->total);

    json_object_set_array_member(object, "regions", regions_array(map));
    cmd_print_json_object(object);
}

static gboolean write_svg(const DasdMap *map, const DasdImageInfo *info, const char *image, GError **error)
{
    g_autofree char *svg = dasd_map_svg(map, info, image);

    if (cmd_is_one_file(svg_path, image)) {
        g_set_error(error, CCW_ERROR, CCW_ERROR_INVALID, "--svg %s: this is the image itself, name another file",
                    svg_path);
        return FALSE;
    }
    return cmd_write_file(svg_path, svg, SVG_MODE, error);
}

static int run(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DasdMap) map = NULL;
    DasdImageInfo info;

    if (argc != 2)
        return cmd_usage(argc < 2 ? "the name of the image is missing" : "one image at a time");
    if (svg_path && is_json)
        return cmd_usage("give --svg or --json, not both");
    map = make_map(argv[1], &info, &error);
    if (!map || (svg_path && !write_svg(map, &info, argv[1], &error)))
        return cmd_fail(g_steal_pointer(&error));
    if (is_json)
        print_json(map);
    else if (!svg_path)
        print_table(map);
    return CMD_OK;
}

const CmdCommand cmd_dasd_map = {
    .name = "map",
    .summary = "show what the tracks of an image are used for",
    .description = "Shows which tracks of a DASD image are formatted, damaged or allocated on the host, and which "
                   "partition or data set they belong to: as a table or, with --svg, as a picture. The image may be "
                   "in use.",
    .arguments = "IMAGE",
    .options = options,
    .func = run,
};
