/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control of a lab over a real socket: its answers, and the bounds of what clients can use. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../sockets.h"
#include "dasd/dasd-image.h"
#include "lab/lab-control.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/sockaddr.h"

#define CLIENTS 200
#define THREADS_MAX 80 /* those of all requests, and the test's own */
#define TIMEOUT (20 * G_TIME_SPAN_SECOND)

static char *path;

static void done(gpointer opaque G_GNUC_UNUSED)
{
}

static int dial(void)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    g_assert_true(ccw_sockaddr_set(&address, path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    return fd;
}

static void expect_answer(const char *state, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *answer = lab_control_ask(path, "0.0.1234", state, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(answer, ==, expected);
}

static void answers(void)
{
    g_autoptr(GError) error = NULL;
    struct stat found;

    g_assert_cmpint(g_stat(path, &found), ==, 0);
    g_assert_cmpint(found.st_mode & 0777, ==, 0600);
    expect_answer(NULL, "good");
    expect_answer("boxed", "boxed");
    expect_answer(NULL, "boxed");
    expect_answer("good", "good");
    g_assert_null(lab_control_ask(path, "0.0.9999", NULL, &error));
    g_assert_nonnull(strstr(error->message, "0.0.9999"));
}

/* The serial is read for each request, and only of the requested device. */
static void volsers(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *labelled = lab_control_ask_volser(path, "0.0.1234", &error);
    g_autofree char *unlabelled = lab_control_ask_volser(path, "0.0.1235", &error);
    g_autofree char *unreadable = lab_control_ask_volser(path, "0.0.1236", &error);

    g_assert_no_error(error);
    g_assert_cmpstr(labelled, ==, "LAB001");
    g_assert_cmpstr(unlabelled, ==, "");
    g_assert_cmpstr(unreadable, ==, "");
    g_assert_null(lab_control_ask_volser(path, "0.0.9999", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_INVALID);
    g_assert_nonnull(strstr(error->message, "0.0.9999"));
    g_clear_error(&error);
    g_assert_null(lab_control_ask_volser("/nonexistent/sock", "0.0.1234", &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
}

static guint count_threads(void)
{
    g_autoptr(GDir) folder = g_dir_open("/proc/self/task", 0, NULL);
    guint count = 0;

    while (g_dir_read_name(folder))
        count++;
    return count;
}

#define REQUESTS_MAX 64
#define STILL (100 * G_TIME_SPAN_MILLISECOND)

/* Returns the number of threads when all requests have one, and no more have started for a while. */
static guint wait_for_threads(void)
{
    gint64 until = g_get_monotonic_time() + TIMEOUT;
    gint64 since = g_get_monotonic_time();
    guint count = count_threads();

    while (count < REQUESTS_MAX || g_get_monotonic_time() < since + STILL) {
        guint now = count_threads();

        g_assert_cmpint(g_get_monotonic_time(), <, until);
        if (now != count)
            since = g_get_monotonic_time();
        count = now;
    }
    return count;
}

/* Clients that send nothing use a bounded number of threads. The next client is served when they have gone. */
static void silent(void)
{
    int fds[CLIENTS];

    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        fds[i] = dial();
    g_assert_cmpuint(wait_for_threads(), <, THREADS_MAX);
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        close(fds[i]);
    expect_answer(NULL, "good");
}

/* Clients send descriptors whose close(2) waits: other clients are still served. */
static void lingering(void)
{
    gint64 until = g_get_monotonic_time() + TIMEOUT;
    int fd, peer, sent;

    if (g_getenv("MESON_EXE_WRAPPER")) {
        g_test_skip("under qemu-user the threads of the clients before end 40 s late");
        return;
    }
    fd = dial();
    sent = socket_lingering(&peer);
    /* Where the kernel lets the lab reject descriptors, they do not arrive at all. */
    g_assert_true(socket_send_fd(fd, "0.0.1234", strlen("0.0.1234"), sent) || errno == EPERM);
    ccw_fd_close_soon(sent);
    close(fd);
    expect_answer(NULL, "good");
    close(peer);
    g_assert_cmpint(g_get_monotonic_time(), <, until);
}

/* Returns an image without a name. */
static int make_image(const char *folder, const char *volser)
{
    g_autofree char *name = g_build_filename(folder, "disk.ckd", NULL);
    g_autoptr(GError) error = NULL;
    int fd;

    dasd_image_create(name, NULL, 1, volser, &error);
    g_assert_no_error(error);
    fd = open(name, O_RDWR | O_CLOEXEC);
    g_unlink(name);
    return fd;
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("test-lab-control-XXXXXX", NULL);
    const LabDevice devices[] = {
        { .id = { 0, 0, 0x1234 }, .image_fd = make_image(folder, "LAB001") },
        { .id = { 0, 0, 0x1235 }, .image_fd = make_image(folder, NULL) },
        { .id = { 0, 0, 0x1236 }, .image_fd = -1 },
    };
    LabModel *model = lab_model_new(devices, G_N_ELEMENTS(devices));
    int result;

    g_test_init(&argc, &argv, NULL);
    path = g_build_filename(folder, "sock", NULL);
    lab_control_start(model, path, done, NULL, &error); /* runs until the process ends */
    g_assert_no_error(error);
    g_test_add_func("/lab/control/answers", answers);
    g_test_add_func("/lab/control/volsers", volsers);
    g_test_add_func("/lab/control/silent", silent);
    g_test_add_func("/lab/control/lingering", lingering);
    result = g_test_run();
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    return result;
}
