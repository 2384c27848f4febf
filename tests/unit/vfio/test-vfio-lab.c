/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The lab as a source of devices, over a real socket. The test plays the lab. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/lab-protocol.h"
#include "util/sockaddr.h"
#include "vfio/vfio-source.h"

static const CcwLabToken token = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };

#define UUID "cc390000-0001-8000-8000-000000001234"

typedef struct {
    char *dir;
    char *path;
    int listener;
    GThread *thread;
    /* The lab's answers. */
    CcwLabOpened opened;
    gsize length;
    guint fds;
    gboolean requests;
    /* The requests that it received. */
    CcwLabToken token;
    guint32 in_use[4];
    guint n_in_use;
} Lab;

static void answer(const Lab *lab, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(2 * sizeof(int))];
    } control = { 0 };
    struct iovec iov = { .iov_base = (void *)&lab->opened, .iov_len = lab->length };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    int images[2] = { memfd_create("image", 0), memfd_create("image", 0) };

    if (lab->fds) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(lab->fds * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(lab->fds * sizeof(int));
        memcpy(CMSG_DATA(&control.header), images, lab->fds * sizeof(int));
    }
    g_assert_cmpint(sendmsg(fd, &message, 0), ==, (gssize)lab->length);
    close(images[0]);
    close(images[1]);
}

static gpointer serve(gpointer data)
{
    Lab *lab = data;
    int fd = accept(lab->listener, NULL, NULL);
    CcwLabOpen request = { 0 };
    CcwLabInUse in_use;

    g_assert_cmpint(recv(fd, &request, sizeof(request), 0), ==, sizeof(request));
    g_assert_cmphex(request.magic, ==, CCW_LAB_MAGIC);
    lab->token = request.token;
    answer(lab, fd);
    if (lab->requests) {
        CcwLabRequest wish = { .magic = CCW_LAB_MAGIC };

        g_assert_cmpint(send(fd, &wish, sizeof(wish), 0), ==, sizeof(wish));
    }
    while (recv(fd, &in_use, sizeof(in_use), 0) == sizeof(in_use))
        lab->in_use[lab->n_in_use++] = in_use.in_use;
    close(fd);
    return NULL;
}

static void lab_start(Lab *lab)
{
    struct sockaddr_un address;

    lab->dir = g_dir_make_tmp("ccw-lab-XXXXXX", NULL);
    lab->path = g_build_filename(lab->dir, "lab.sock", NULL);
    g_assert_true(ccw_sockaddr_set(&address, lab->path));
    lab->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(lab->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(listen(lab->listener, 1), ==, 0);
    lab->opened = (CcwLabOpened){ .magic = CCW_LAB_MAGIC, .uuid = UUID, .bus_id = "0.0.1234", .chpid = 0x10 };
    lab->length = sizeof(lab->opened);
    lab->fds = 1;
    lab->thread = g_thread_new("lab", serve, lab);
}

static void lab_end(Lab *lab)
{
    if (lab->thread)
        g_thread_join(lab->thread);
    close(lab->listener);
    unlink(lab->path);
    rmdir(lab->dir);
    g_free(lab->path);
    g_free(lab->dir);
}

static void test_open(void)
{
    Lab lab = { .requests = TRUE };
    VfioSource *source = NULL;
    int stop = eventfd(0, EFD_CLOEXEC);
    const guint64 one = 1;

    lab_start(&lab);
    g_assert_cmpint(vfio_source_connect(lab.path, 7, &token, &source), ==, 0);
    g_assert_cmpstr(source->uuid, ==, UUID);
    g_assert_cmphex(source->device.bus_id.devno, ==, 0x1234);
    g_assert_cmphex(source->device.chpid, ==, 0x10);
    g_assert_false(source->device.read_only);
    g_assert_cmpint(fcntl(source->image_fd, F_GETFD), ==, FD_CLOEXEC);

    vfio_source_set_in_use(source, TRUE);
    g_assert_true(vfio_source_wait_request(source, stop));
    g_assert_cmpint(write(stop, &one, sizeof(one)), ==, sizeof(one));
    g_assert_false(vfio_source_wait_request(source, stop));
    vfio_source_set_in_use(source, FALSE);
    vfio_source_free(source);
    close(stop);
    lab_end(&lab);
    g_assert_cmpmem(&lab.token, sizeof(lab.token), &token, sizeof(token));
    g_assert_cmpuint(lab.n_in_use, ==, 2);
    g_assert_cmpuint(lab.in_use[0], ==, 1);
    g_assert_cmpuint(lab.in_use[1], ==, 0);
}

/* Invalid answers, and errors. The descriptors that came with them are closed. */
static void test_rejected(void)
{
    static const struct {
        gint32 status;
        guint32 magic;
        gsize length;
        guint fds;
        const char *bus_id;
        int expected;
    } answers[] = {
        { EBUSY, CCW_LAB_MAGIC, sizeof(CcwLabOpened), 0, "0.0.1234", -EBUSY },
        { ENODEV, CCW_LAB_MAGIC, sizeof(CcwLabOpened), 0, "0.0.1234", -ENODEV },
        { -1, CCW_LAB_MAGIC, sizeof(CcwLabOpened), 1, "0.0.1234", -EIO },
        { 0, CCW_LAB_MAGIC, sizeof(CcwLabOpened), 0, "0.0.1234", -EIO },
        { 0, 0, sizeof(CcwLabOpened), 1, "0.0.1234", -EIO },
        { 0, CCW_LAB_MAGIC, sizeof(CcwLabOpened) - 1, 2, "0.0.1234", -EIO },
        { 0, CCW_LAB_MAGIC, sizeof(CcwLabOpened), 2, "nonsense!!", -EIO },
    };
    int probe = dup(0);

    close(probe);
    for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
        Lab lab = { 0 };
        VfioSource *source = NULL;
        int after;

        lab_start(&lab);
        /* The thread waits for our packet before it reads these. */
        lab.opened.status = answers[i].status;
        lab.opened.magic = answers[i].magic;
        memcpy(lab.opened.bus_id, answers[i].bus_id, MIN(strlen(answers[i].bus_id) + 1, sizeof(lab.opened.bus_id)));
        lab.length = answers[i].length;
        lab.fds = answers[i].fds;
        g_assert_cmpint(vfio_source_connect(lab.path, 0, &token, &source), ==, answers[i].expected);
        g_assert_null(source);
        lab_end(&lab);
        after = dup(0);
        g_assert_cmpint(after, ==, probe);
        close(after);
    }
}

static void test_no_lab(void)
{
    VfioSource *source = NULL;

    g_assert_cmpint(vfio_source_connect("/nonexistent/lab.sock", 0, &token, &source), ==, -ENOENT);
    g_assert_null(source);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vfio/lab/open", test_open);
    g_test_add_func("/vfio/lab/rejected", test_rejected);
    g_test_add_func("/vfio/lab/no-lab", test_no_lab);
    return g_test_run();
}
