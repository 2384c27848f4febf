/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the files of the journal: an entry that is understood, written and read again must be the same. The seeds are
 * entries of a real host.
 */
#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>

#include "css/host.h"
#include "hostdev/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const CcwBusId id = { .devno = 0x1234 };
static char *folder;

static void tidy(void)
{
    static const char *const names[] = { "devices/0.0.1234.json", "devices/0.0.1234.lock", "devices", "" };

    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);

        g_remove(path);
    }
    g_clear_pointer(&folder, g_free);
}

static char *entry_of_folder(void)
{
    g_autofree char *devices = NULL;

    if (!folder) {
        folder = g_dir_make_tmp("fuzz-journal.XXXXXX", NULL);
        if (!folder)
            abort();
        atexit(tidy);
    }
    devices = g_build_filename(folder, "devices", NULL);
    g_mkdir(devices, 0700);
    return g_build_filename(devices, "0.0.1234.json", NULL);
}

static void check_same(const HostdevRecord *a, const HostdevRecord *b)
{
    g_assert_true(ccw_bus_id_equal(&a->device, &b->device));
    g_assert_true(ccw_bus_id_equal(&a->subchannel, &b->subchannel));
    g_assert_cmpint(a->state, ==, b->state);
    g_assert_cmpint(a->since, ==, b->since);
    g_assert_cmpstr(a->owner, ==, b->owner);
    g_assert_cmpstr(a->token, ==, b->token);
    g_assert_cmpint(a->found_online, ==, b->found_online);
    g_assert_cmpstr(a->found_driver, ==, b->found_driver);
    g_assert_cmpstr(a->found_override, ==, b->found_override);
    for (guint i = 0; i < HOSTDEV_DASD_SETTINGS; i++)
        g_assert_cmpstr(a->found_settings.values[i], ==, b->found_settings.values[i]);
    g_assert_cmpuint(a->steps, ==, b->steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *path = entry_of_folder();
    g_autoptr(CssHost) host = css_host_new(folder, folder, folder);
    g_autoptr(HostdevRecord) record = NULL;
    g_autoptr(HostdevRecord) again = NULL;
    CssDevice device = { .bus_id = id };

    if (!g_file_set_contents_full(path, (const char *)data, (gssize)size, G_FILE_SET_CONTENTS_NONE, 0600, NULL))
        abort();
    hostdev_owner_read(host, &device);
    g_free(device.owner);
    if (!hostdev_journal_load(host, &id, &record, NULL) || !record)
        return 0;
    g_assert_true(hostdev_journal_save(host, record, NULL));
    g_assert_true(hostdev_journal_load(host, &id, &again, NULL));
    g_assert_nonnull(again);
    check_same(record, again);
    return 0;
}
