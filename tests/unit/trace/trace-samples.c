/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See trace-samples.h. */
#include "trace-samples.h"

#include "util/endian.h"

char *samples_path(const char *name, const char *suffix)
{
    return g_strdup_printf("%s/%s%s", g_getenv("CCW_TEST_DATA"), name, suffix);
}

char *samples_read(const char *path, gsize *ret_length)
{
    g_autoptr(GError) error = NULL;
    char *bytes = NULL;

    g_file_get_contents(path, &bytes, ret_length, &error);
    g_assert_no_error(error);
    return bytes;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

GPtrArray *samples_names(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(g_getenv("CCW_TEST_DATA"), 0, &error);
    const char *name;

    g_assert_no_error(error);
    while ((name = g_dir_read_name(dir)) != NULL)
        if (g_str_has_suffix(name, ".trace"))
            g_ptr_array_add(names, g_strndup(name, strlen(name) - strlen(".trace")));
    g_assert_cmpuint(names->len, >, 0);
    g_ptr_array_sort(names, compare);
    return names;
}

/* Guest storage begins at the address of the data. */
static guint64 guest_address(gpointer opaque, gconstpointer host)
{
    return (guint64)((const guint8 *)host - (const guint8 *)opaque);
}

Sample *sample_make(guint n_ccws, guint16 data_length, guint8 fill)
{
    static Sample sample;

    memset(&sample, 0, G_STRUCT_OFFSET(Sample, data));
    memset(sample.data, fill, data_length);
    for (guint i = 0; i < n_ccws; i++) {
        guint8 *ccw = sample.program.ccw[i];

        ccw[CCW_OFS_CMD] = 0x86;
        ccw[CCW_OFS_FLAGS] = i + 1 < n_ccws ? CCW_FLAG_CC : 0;
        ccw_store_be16(ccw + CCW_OFS_COUNT, data_length);
        sample.program.cda[i] = (guint64)(guintptr)sample.data;
    }
    sample.request.ccw_count = n_ccws;
    sample.request.program = (guint64)(guintptr)&sample.program;
    ccw_store_be32(sample.orb + CHANNEL_ORB_OFS_FLAGS, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_C64);
    memcpy(sample.request.orb, sample.orb, CHANNEL_ORB_SIZE);
    ccw_store_be32(sample.request.irb + CHANNEL_SCSW_OFS_CPA, n_ccws * CCW_SIZE);
    sample.irb[CHANNEL_SCSW_OFS_DSTAT] = CHANNEL_DSTAT_CHANNEL_END | CHANNEL_DSTAT_DEVICE_END;
    sample.capture = (TraceCapture){
        .bus_id = { 0, 0, 0x1234 },
        .orb = sample.orb,
        .irb = sample.irb,
        .request = &sample.request,
        .with_data = TRUE,
        .data_max = TRACE_DATA_MAX,
        .guest_address = guest_address,
        .opaque = sample.data,
    };
    return &sample;
}
