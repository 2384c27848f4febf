/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The records of labs that stay: names, the lock, reading back what was written, and removal. */
#include "lab/lab-record.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/lab-record-private.h"
#include "util/error.h"
#include "util/sockaddr.h"

typedef struct {
    char *runtime;
} Fixture;

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    f->runtime = g_dir_make_tmp("ccw-record-XXXXXX", NULL);
    g_setenv("XDG_RUNTIME_DIR", f->runtime, TRUE);
}

/* Each test removes its records, so these folders are empty. */
static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const below[] = { "libvirt-ccw/labs", "libvirt-ccw", "" };

    for (gsize i = 0; i < G_N_ELEMENTS(below); i++) {
        g_autofree char *path = g_build_filename(f->runtime, below[i], NULL);

        g_assert_cmpint(!g_file_test(path, G_FILE_TEST_EXISTS) || g_rmdir(path) == 0, ==, TRUE);
    }
    g_free(f->runtime);
}

static LabRecord *create(const char *name)
{
    g_autoptr(GError) error = NULL;
    LabRecord *record = lab_record_create(name, &error);

    g_assert_no_error(error);
    g_assert_nonnull(record);
    return record;
}

static LabRecord *find(const char *name)
{
    g_autoptr(GError) error = NULL;
    LabRecord *record = lab_record_find(name, &error);

    g_assert_no_error(error);
    return record;
}

static void expect_absent(const char *name)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(lab_record_find(name, &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
}

static void names(Fixture *f G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const good[] = { "a", "0", "A.b-c_9", "ci-2026.11.30",
                                        "1234567890123456789012345678901234567890" };
    static const char *const bad[] = {
        "",    ".",   "..", "a/b",      "/a",  "-a",  "_a",
        "a b", "a\n", "a%", "\xc3\xa4", "a;b", "a\\", "12345678901234567890123456789012345678901"
    };

    for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(LabRecord) record = create(good[i]);

        lab_record_remove(record, FALSE);
        expect_absent(good[i]);
    }
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(lab_record_create(bad[i], &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
        g_assert_null(strchr(error->message, '\n'));
        g_clear_error(&error);
        g_assert_null(lab_record_find(bad[i], &error));
        g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    }
}

/* A lab lives as long as a process has the descriptor of its lock. */
static void lock(Fixture *f G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(LabRecord) first = create("one");
    g_autoptr(LabRecord) now = find("one");
    g_autoptr(GError) error = NULL;
    int copy = dup(first->lock_fd);

    g_assert_cmpint(now->state, ==, LAB_RECORD_STARTING);
    g_assert_null(lab_record_create("one", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_BUSY);
    lab_record_leave_lock(first);
    lab_record_remove(first, FALSE); /* has no effect: the copy of the descriptor has the lock */
    g_clear_pointer(&now, lab_record_free);
    now = find("one");
    g_assert_cmpint(now->state, ==, LAB_RECORD_STARTING);
    g_assert_true(lab_record_set_complete(first));
    g_clear_pointer(&now, lab_record_free);
    now = find("one");
    g_assert_cmpint(now->state, ==, LAB_RECORD_RUNNING);
    close(copy);
    g_clear_pointer(&now, lab_record_free);
    now = find("one");
    g_assert_cmpint(now->state, ==, LAB_RECORD_DIED);
    g_clear_pointer(&first, lab_record_free);
    first = create("one"); /* reuses the name of the dead lab, but not its values */
    g_clear_pointer(&now, lab_record_free);
    now = find("one");
    g_assert_cmpint(now->state, ==, LAB_RECORD_STARTING);
    lab_record_remove(first, FALSE);
    expect_absent("one");
}

/* Any bytes of a file name are read back; a damaged file is a record without values. */
static void contents(Fixture *f G_GNUC_UNUSED, gconstpointer data G_GNUC_UNUSED)
{
    static const char *const dasds[] = { "0.0.1234=/a;b\\c \xff\xc3\xa4\n.ckd,ro", "0.0.1235=/d", NULL };
    static const char *const damaged[] = { "", "[lab", "[lab]\npid=-7\nstarted=x\ndasds=\\\n", "[other]\na=b\n" };
    g_autoptr(LabRecord) record = create("one");
    g_autoptr(LabRecord) now = NULL;
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(record->folder, LAB_RECORD_FILE, NULL);

    g_strfreev(record->dasds);
    record->dasds = g_strdupv((char **)dasds);
    record->pid = 4711;
    record->network = g_strdup("pasta");
    g_assert_true(lab_record_write(record, &error));
    now = find("one");
    g_assert_cmpint(now->pid, ==, 4711);
    g_assert_cmpint(now->started, ==, record->started);
    g_assert_cmpstr(now->network, ==, "pasta");
    g_assert_true(g_strv_equal((const char *const *)now->dasds, dasds));
    for (gsize i = 0; i < G_N_ELEMENTS(damaged); i++) {
        g_assert_true(g_file_set_contents(path, damaged[i], -1, NULL));
        g_clear_pointer(&now, lab_record_free);
        now = find("one");
        g_assert_cmpint(now->pid, ==, 0);
        g_assert_cmpint(now->started, ==, 0);
    }
    lab_record_remove(record, FALSE);
}

static void listed(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autofree char *stray = g_build_filename(f->runtime, "libvirt-ccw/labs/stray", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = lab_record_list(&error);
    g_autoptr(LabRecord) second = NULL;
    g_autoptr(LabRecord) first = NULL;

    g_assert_no_error(error);
    g_assert_cmpuint(records->len, ==, 0);
    second = create("b");
    first = create("a");
    g_assert_cmpint(g_mkdir(stray, 0700), ==, 0); /* no record, as it has no lock */
    g_ptr_array_unref(records);
    records = lab_record_list(&error);
    g_assert_cmpuint(records->len, ==, 2);
    g_assert_cmpstr(((LabRecord *)records->pdata[0])->name, ==, "a");
    g_assert_cmpstr(((LabRecord *)records->pdata[1])->name, ==, "b");
    lab_record_remove(first, FALSE);
    lab_record_remove(second, FALSE);
    g_rmdir(stray);
}

static void sockets(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    struct sockaddr_un address;
    g_autoptr(LabRecord) record = create("one");
    g_autofree char *path = g_build_filename(record->folder, "libvirt-sock", NULL);
    g_autofree char *uri = g_strconcat("qemu+unix:///system?socket=", path, NULL);
    g_autoptr(GError) error = NULL;
    int fd = lab_record_listen(record, &error), client = socket(AF_UNIX, SOCK_STREAM, 0);

    g_assert_no_error(error);
    g_assert_true(g_str_has_prefix(path, f->runtime));
    g_assert_cmpstr(record->uri, ==, uri);
    g_assert_true(ccw_sockaddr_set(&address, path));
    g_assert_cmpint(connect(client, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    close(client);
    close(fd);
    lab_record_remove(record, FALSE);
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* A folder to which others can write is not used. root's labs are in /run, which this test leaves alone. */
static void folders(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) records = NULL;

    if (geteuid() == 0) {
        g_test_skip("root has another folder");
        return;
    }
    g_assert_cmpint(g_chmod(f->runtime, 0777), ==, 0);
    records = lab_record_list(&error);
    g_assert_null(records);
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_clear_error(&error);
    g_unsetenv("XDG_RUNTIME_DIR");
    g_assert_null(lab_record_create("one", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/lab/record/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("names", names);
    ADD("lock", lock);
    ADD("contents", contents);
    ADD("listed", listed);
    ADD("sockets", sockets);
    ADD("folders", folders);
    return g_test_run();
}
