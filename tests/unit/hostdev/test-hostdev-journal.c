/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "css/host-private.h"
#include "hostdev/claim.h"
#include "hostdev/journal.h"
#include "hostdev/process.h"
#include "hostdev/reconcile.h"
#include "hostdev/release.h"
#include "sysfs-tree.h"
#include "util/error.h"

#define DOMAIN "c7a5fdbd-edaf-9455-926a-d65c16db1809"
#define FILE_NAME "run/devices/0.0.1234.json"

static const CcwBusId id = { .devno = 0x1234 };

static CssHost *host_of(Tree *tree)
{
    return css_host_new(tree->sysfs, tree->proc, tree->run_dir);
}

static void round_trip(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = host_of(tree);
    g_autoptr(GError) error = NULL;
    g_autoptr(HostdevRecord) read = NULL;
    g_autoptr(HostdevRecord) none = NULL;
    g_autoptr(GArray) ids = NULL;
    char owner[] = DOMAIN, token[] = "17:42", override[] = "", driver[] = "io_subchannel";
    char devtype[] = "3390/0c", cutype[] = "3990/e9", volser[] = "0X1234";
    HostdevRecord record = {
        .device = id,
        .subchannel = { .ssid = 1, .devno = 0x34 },
        .state = HOSTDEV_CLAIM_PENDING,
        .since = 123456789012,
        .owner = owner,
        .token = token,
        .found_online = 1,
        .found_driver = driver,
        .found_override = override,
        .found_devtype = devtype,
        .found_cutype = cutype,
        .found_volser = volser,
        .steps = 1u << HOSTDEV_STEP_OFFLINE | 1u << HOSTDEV_STEP_OVERRIDE,
    };
    int lock = hostdev_journal_lock(host, &id, &error);

    g_assert_no_error(error);
    g_assert_true(hostdev_journal_load(host, &id, &none, &error));
    g_assert_null(none);
    g_assert_true(hostdev_journal_save(host, &record, &error));
    g_assert_no_error(error);
    g_assert_true(hostdev_journal_load(host, &id, &read, &error));
    g_assert_no_error(error);
    g_assert_cmpint(read->subchannel.ssid, ==, 1);
    g_assert_cmpint(read->state, ==, HOSTDEV_CLAIM_PENDING);
    g_assert_cmpint(read->since, ==, 123456789012);
    g_assert_cmpstr(read->owner, ==, DOMAIN);
    g_assert_cmpstr(read->token, ==, "17:42");
    g_assert_cmpint(read->found_online, ==, 1);
    g_assert_cmpstr(read->found_driver, ==, "io_subchannel");
    g_assert_cmpstr(read->found_override, ==, "");
    g_assert_cmpstr(read->found_devtype, ==, "3390/0c");
    g_assert_cmpstr(read->found_cutype, ==, "3990/e9");
    g_assert_cmpstr(read->found_volser, ==, "0X1234");
    g_assert_cmphex(read->steps, ==, 3);
    ids = hostdev_journal_list(host);
    g_assert_cmpuint(ids->len, ==, 1);
    g_assert_true(hostdev_journal_remove(host, &id, &error));
    g_assert_true(hostdev_journal_remove(host, &id, &error));
    g_assert_false(hostdev_journal_has(host, &id));
    close(lock);
}

#define HEAD "{\"version\": 1, \"device\": \"0.0.1234\", \"subchannel\": \"0.0.0000\", "
#define WHO "\"state\": \"owned\", \"since\": 1, \"domain\": \"" DOMAIN "\", "
#define FOUND "\"found\": {\"online\": 1, \"driver\": \"io_subchannel\", \"driver-override\": \"\"}, "
#define WITH(settings)                                                                                                 \
    "\"found\": {\"online\": 1, \"driver\": null, \"driver-override\": \"\", \"settings\": " settings "}, "
#define STEPS "\"steps\": [\"mdev\"]}"

static const char *const bad[] = {
    "",
    "[]",
    "{",
    "\"text\"",
    "{}",
    "{\"version\": 2}",
    "{\"version\": \"1\"}",
    "{\"version\": 1, \"device\": \"0.0.1235\"}",
    "{\"version\": 1, \"device\": [\"0.0.1234\"]}",
    HEAD "\"state\": \"lost\", \"since\": 1, \"domain\": \"" DOMAIN "\", " FOUND STEPS,
    HEAD "\"state\": \"pending\", \"since\": 1, \"domain\": \"" DOMAIN "\", " FOUND STEPS,
    HEAD "\"state\": \"owned\", \"since\": -1, \"domain\": \"" DOMAIN "\", " FOUND STEPS,
    HEAD "\"state\": \"owned\", \"since\": 1, \"domain\": \"nobody\", " FOUND STEPS,
    HEAD WHO "\"owner\": \"nobody\", " FOUND STEPS,
    HEAD WHO "\"owner\": 1, " FOUND STEPS,
    HEAD WHO "\"owner\": \"hand\", " FOUND STEPS,
    HEAD WHO "\"owner\": \"administrator\", " FOUND STEPS,
    HEAD WHO "\"owner\": \"qemu-ccw\", " FOUND STEPS,
    HEAD "\"state\": \"owned\", \"since\": 1, \"domain\": null, \"owner\": \"domain\", " FOUND STEPS,
    HEAD WHO STEPS,
    HEAD WHO "\"found\": {}, " STEPS,
    HEAD WHO "\"found\": {\"online\": 1, \"driver\": \"../../x\", \"driver-override\": \"\"}, " STEPS,
    HEAD WHO "\"found\": {\"online\": 1, \"driver\": \"..\", \"driver-override\": \"\"}, " STEPS,
    HEAD WHO "\"found\": {\"online\": 1, \"driver\": 5, \"driver-override\": \"\"}, " STEPS,
    HEAD WHO "\"found\": {\"online\": 2, \"driver\": null, \"driver-override\": \"\"}, " STEPS,
    HEAD WHO "\"found\": {\"online\": 1, \"driver\": null, \"driver-override\": \"a\\nb\"}, " STEPS,
    HEAD WHO WITH("\"\"") STEPS,
    HEAD WHO WITH("{\"expires\": 60}") STEPS,
    HEAD WHO WITH("{\"expires\": \"60\\n\"}") STEPS,
    HEAD WHO WITH("{\"expires\": \"\"}") STEPS,
    HEAD WHO FOUND "\"steps\": [\"format\"]}",
    HEAD WHO FOUND "\"steps\": [1]}",
    HEAD WHO FOUND "\"steps\": {}}",
    HEAD WHO FOUND "\"step\": []}",
};

static void damaged(gconstpointer data)
{
    const char *text = data;
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = host_of(tree);
    g_autoptr(GError) error = NULL;
    g_autofree char *before = NULL;
    g_autofree char *after = NULL;
    g_autofree char *kept = NULL;
    g_autofree char *path = g_build_filename(tree->root, FILE_NAME, NULL);
    g_autoptr(CssDevice) device = g_new0(CssDevice, 1);
    g_autoptr(GHashTable) live = g_hash_table_new(g_str_hash, g_str_equal);
    gboolean taken = -1;

    tree_write(tree, FILE_NAME, text);
    tree_write(tree, "proc/17/stat", "17 (virtccwd) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1");
    before = tree_dump(tree);
    device->bus_id = id;
    hostdev_owner_read(host, device);
    g_assert_cmpstr(device->owner, ==, "?");
    g_assert_false(hostdev_claim(host, &id, DOMAIN, "17:42", &taken, &error));
    g_assert_cmpint(taken, ==, -1);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    g_assert_nonnull(strstr(error->message, "0.0.1234.json is not understood"));
    g_assert_null(strchr(error->message, '\n'));
    g_clear_error(&error);
    g_assert_false(hostdev_release(host, &id, DOMAIN, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    g_clear_error(&error);
    g_assert_false(hostdev_reconcile(host, &(HostdevReconcile){ .live = live, .as_of = G_MAXINT64 }, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_SYSTEM);
    g_file_get_contents(path, &kept, NULL, NULL);
    g_assert_cmpstr(kept, ==, text);
    after = tree_dump(tree);
    g_assert_cmpstr(before, ==, after);
}

static void accepted(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = host_of(tree);
    g_autoptr(GError) error = NULL;
    g_autoptr(HostdevRecord) record = NULL;

    tree_write(tree, FILE_NAME, HEAD WHO FOUND STEPS);
    tree_write(tree, "run/devices/0.0.1234.json.new", "left over");
    tree_write(tree, "run/devices/README.json", "not a device");
    g_assert_true(hostdev_journal_load(host, &id, &record, &error));
    g_assert_no_error(error);
    g_assert_cmpint(record->state, ==, HOSTDEV_CLAIM_OWNED);
    g_autoptr(GArray) ids = hostdev_journal_list(host);
    g_assert_cmpuint(ids->len, ==, 1);
}

/* An administrator's entry of this version, and of the two older ones. Saved again it is of this version. */
static void administrator(void)
{
    static const char *const owners[] = { "\"owner\": \"administrator\", ", "\"owner\": \"hand\", ", "" };

    for (gsize i = 0; i < G_N_ELEMENTS(owners); i++) {
        g_autoptr(Tree) tree = tree_new("dasd.txt");
        g_autoptr(CssHost) host = host_of(tree);
        g_autoptr(GError) error = NULL;
        g_autoptr(HostdevRecord) record = NULL;
        g_autofree char *path = g_build_filename(tree->root, FILE_NAME, NULL);
        g_autofree char *text =
            g_strconcat(HEAD "\"state\": \"owned\", \"since\": 1, \"domain\": null, ", owners[i], FOUND STEPS, NULL);
        g_autofree char *saved = NULL;

        tree_write(tree, FILE_NAME, text);
        g_assert_true(hostdev_journal_load(host, &id, &record, &error));
        g_assert_no_error(error);
        g_assert_cmpint(hostdev_owner_kind(record->owner), ==, HOSTDEV_OWNER_ADMINISTRATOR);
        g_assert_true(hostdev_journal_save(host, record, &error));
        g_assert_no_error(error);
        g_assert_true(g_file_get_contents(path, &saved, NULL, NULL));
        g_assert_nonnull(strstr(saved, "\"owner\" : \"administrator\","));
    }
}

/* Two descriptors in one process exclude each other, as two threads of virtccwd must. */
static void lock(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = host_of(tree);
    g_autofree char *path = g_build_filename(tree->run_dir, "devices/0.0.1234.lock", NULL);
    g_autofree char *left = g_build_filename(tree->run_dir, "devices/0.0.1234.json.new", NULL);
    g_autofree char *of_another = g_build_filename(tree->run_dir, "devices/0.0.1235.json.new", NULL);
    int held;
    struct flock try = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int other;

    tree_write(tree, "run/devices/0.0.1234.json.new", "");
    tree_write(tree, "run/devices/0.0.1235.json.new", "");
    held = hostdev_journal_lock(host, &id, NULL);
    g_assert_cmpint(held, >=, 0);
    g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS)); /* a killed process has left this */
    g_assert_true(g_file_test(of_another, G_FILE_TEST_EXISTS));
    other = open(path, O_RDWR | O_CLOEXEC);
    g_assert_cmpint(fcntl(other, F_OFD_SETLK, &try), ==, -1);
    close(held);
    g_assert_cmpint(fcntl(other, F_OFD_SETLK, &try), ==, 0);
    close(other);
}

#define MANY 2000

/* A lock takes the same time for any number of entries, because it lists no folder. */
static void many_entries(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = host_of(tree);
    gdouble seconds[2];

    for (guint round = 0; round < 2; round++) {
        g_autoptr(GTimer) timer = g_timer_new();

        for (guint n = 0; n < MANY; n++) {
            CcwBusId one = { .devno = (guint16)(round ? n : 0) };
            int held = hostdev_journal_lock(host, &one, NULL);

            g_assert_cmpint(held, >=, 0);
            close(held);
        }
        seconds[round] = g_timer_elapsed(timer, NULL);
        for (guint n = 0; round == 0 && n < MANY; n++) {
            g_autofree char *entry = g_strdup_printf("run/devices/0.0.%04x.json", n);

            tree_write(tree, entry, "{}");
        }
    }
    g_test_message("%d locks take %.3f s among no entries, %.3f s among %d", MANY, seconds[0], seconds[1], MANY);
    g_assert_cmpfloat(seconds[1], <, 20 * seconds[0] + 0.2);
}

static void tokens(void)
{
    g_autoptr(Tree) tree = tree_new("dasd.txt");
    g_autoptr(CssHost) host = host_of(tree);
    g_autoptr(CssHost) here = css_host_new("/sys", "/proc", tree->run_dir);
    g_autofree char *own = hostdev_process_identify(here, getpid());
    g_autofree char *token = NULL;
    g_autofree char *zombie = NULL;
    g_autofree char *none = NULL;

    g_assert_nonnull(own);
    g_assert_true(hostdev_process_is_live(here, own));
    tree_write(tree, "proc/17/stat", "17 (a) b (c)) S 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1");
    tree_write(tree, "proc/18/stat", "18 (libvirtd) Z 1 1 1 0 -1 1 1 1 1 1 1 1 1 1 20 0 1 0 42 1 1");
    tree_write(tree, "proc/19/stat", "19 (x) S 1 1");
    token = hostdev_process_identify(host, 17);
    g_assert_cmpstr(token, ==, "17:42");
    g_assert_true(hostdev_process_is_live(host, "17:42"));
    g_assert_false(hostdev_process_is_live(host, "17:43"));
    zombie = hostdev_process_identify(host, 18);
    g_assert_null(zombie);
    none = hostdev_process_identify(host, 19);
    g_assert_null(none);
    for (const char *const *odd =
             (const char *const[]){ "", ":", "x:42", "0:42", "17", "-17:42", "99999999999:1", NULL };
         *odd; odd++)
        g_assert_false(hostdev_process_is_live(host, *odd));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostdev/journal/round-trip", round_trip);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *name = g_strdup_printf("/hostdev/journal/damaged/%zu", i);

        g_test_add_data_func(name, bad[i], damaged);
    }
    g_test_add_func("/hostdev/journal/accepted", accepted);
    g_test_add_func("/hostdev/journal/administrator", administrator);
    g_test_add_func("/hostdev/journal/lock", lock);
    g_test_add_func("/hostdev/journal/tokens", tokens);
    g_test_add_func("/hostdev/journal/many-entries", many_entries);
    return g_test_run();
}
