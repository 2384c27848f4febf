/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The device service over a real socket, with clients that keep to the protocol and clients that do not. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../sockets.h"
#include "dasd/dasd-lock.h"
#include "lab/lab-devices.h"
#include "util/error.h"
#include "util/fd.h"
#include "util/lab-protocol.h"
#include "util/sockaddr.h"

#define UUID "cc390000-0001-8000-8000-000000001234"
#define LOCK_SECONDS 20

typedef struct {
    char *folder, *path;
    int image;
    LabModel *model;
    LabDevices *devices;
} Fixture;

static void on_request(guint64 serial, gpointer opaque)
{
    lab_devices_request(((Fixture *)opaque)->devices, serial);
}

static const LabModelEvents events = { NULL, NULL, on_request };

static void make_mdev(Fixture *f)
{
    g_assert_cmpint(lab_mdev_create(f->model, g_ptr_array_index(f->model->subchannels, 0), UUID, strlen(UUID)), ==, 0);
}

static void set_up(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    LabDevice device = { { 0, 0, 0x1234 }, 0x3990, 0x3390, 0xe9, 0x0c, 10017, -1, TRUE };
    g_autoptr(GError) error = NULL;

    f->folder = g_dir_make_tmp("test-lab-devices-XXXXXX", NULL);
    f->path = g_build_filename(f->folder, "sock", NULL);
    f->image = device.image_fd = memfd_create("image", MFD_CLOEXEC);
    f->model = lab_model_new(&device, 1);
    f->devices = lab_devices_start(f->model, f->path, getegid(), &error);
    g_assert_no_error(error);
    lab_model_set_events(f->model, &events, f);
    lab_css_unbind(f->model, LAB_DRIVER_IO_SUBCHANNEL, "0.0.0000");
    lab_css_bind(f->model, LAB_DRIVER_VFIO_CCW, "0.0.0000");
    make_mdev(f);
}

static void tear_down(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    lab_devices_stop(f->devices);
    lab_model_free(f->model);
    close(f->image);
    g_unlink(f->path);
    g_rmdir(f->folder);
    g_free(f->path);
    g_free(f->folder);
}

static int dial(Fixture *f)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct timeval timeout = { .tv_sec = 8 };

    g_assert_true(ccw_sockaddr_set(&address, f->path));
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), ==, 0);
    return fd;
}

static CcwLabOpened receive_opened(int fd, int *ret_image)
{
    CcwLabOpened opened = { 0 };

    g_assert_cmpint(socket_receive_fd(fd, &opened, sizeof(opened), ret_image), ==, sizeof(opened));
    g_assert_cmphex(opened.magic, ==, CCW_LAB_MAGIC);
    return opened;
}

static CcwLabOpened show_token(int fd, const CcwLabToken *token, int *ret_image)
{
    CcwLabOpen packet = { CCW_LAB_MAGIC, *token };

    g_assert_cmpint(send(fd, &packet, sizeof(packet), 0), ==, sizeof(packet));
    return receive_opened(fd, ret_image);
}

static void say_in_use(int fd, guint32 in_use)
{
    CcwLabInUse packet = { CCW_LAB_MAGIC, in_use };

    g_assert_cmpint(send(fd, &packet, sizeof(packet), 0), ==, sizeof(packet));
}

static void expect_request(int fd)
{
    CcwLabRequest packet = { 0 };

    g_assert_cmpint(recv(fd, &packet, sizeof(packet), 0), ==, sizeof(packet));
    g_assert_cmphex(packet.magic, ==, CCW_LAB_MAGIC);
}

static void expect_end(int fd)
{
    char byte;

    errno = 0; /* the end of the connection does not set errno */
    g_assert_cmpint(recv(fd, &byte, 1, 0), <=, 0);
    g_assert_cmpint(errno, !=, EAGAIN);
    close(fd);
}

static void opened(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    int first = dial(f), second = dial(f), third = dial(f);
    CcwLabToken guessed = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } };
    struct stat ours, theirs;
    CcwLabOpened answer;
    LabGroup group;
    int image;

    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    answer = show_token(first, &group.token, &image);
    g_assert_cmpint(answer.status, ==, 0);
    g_assert_cmpuint(answer.flags, ==, CCW_LAB_READ_ONLY);
    g_assert_cmpstr(answer.uuid, ==, UUID);
    g_assert_cmpstr(answer.bus_id, ==, "0.0.1234");
    g_assert_cmphex(answer.chpid, ==, LAB_CHPID);
    g_assert_cmpint(fstat(image, &theirs) | fstat(f->image, &ours), ==, 0);
    g_assert_cmpuint(theirs.st_ino, ==, ours.st_ino);
    close(image);

    g_assert_cmpint(show_token(second, &group.token, &image).status, ==, EBUSY);
    g_assert_cmpint(image, ==, -1);
    expect_end(second);
    g_assert_cmpint(show_token(third, &guessed, &image).status, ==, EACCES);
    g_assert_cmpint(image, ==, -1);
    expect_end(third);
    close(first);
}

/* Opens the image as another program does. */
static int open_image(Fixture *f, int flags)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", f->image);
    int fd = open(link, flags | O_CLOEXEC);

    g_assert_cmpint(fd, >=, 0);
    return fd;
}

static gboolean is_locked(Fixture *f)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open_image(f, O_RDWR);

    g_assert_cmpint(fcntl(fd, F_OFD_GETLK, &lock), ==, 0);
    close(fd);
    return lock.l_type != F_UNLCK;
}

/* Waits until the image is free: the service may close its descriptor after the client has received its own. */
static void expect_free(Fixture *f)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int fd = open_image(f, O_RDWR);

    alarm(LOCK_SECONDS); /* ends this test if the image is never free */
    g_assert_cmpint(fcntl(fd, F_OFD_SETLKW, &lock), ==, 0);
    alarm(0);
    close(fd);
}

/* Only the client has the image locked, and only while it has the image open. */
static void lock_of_client(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    LabGroup group;
    int fd, image;

    g_assert_true(dasd_lock_take(f->image, NULL, &error));
    for (guint i = 0; i < 2; i++) {
        fd = dial(f);
        g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
        g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, 0);
        g_assert_true(is_locked(f));
        /* The lock does not belong to the group: a client that keeps the image keeps the lock. */
        close(fd);
        lab_group_close(f->model, group.serial);
        g_assert_true(is_locked(f));
        close(image);
        expect_free(f);
    }
}

/* Another program has the image locked: the client gets an error, and later it gets the image. */
static void locked_by_other(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    int other = open_image(f, O_RDWR), fd = dial(f), image;
    g_autoptr(GError) error = NULL;
    LabGroup group;

    g_assert_true(dasd_lock_take(other, NULL, &error));
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING,
                          "a guest cannot have 0.0.1234: * is in use by this command itself*");
    g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, EBUSY);
    g_test_assert_expected_messages();
    g_assert_cmpint(image, ==, -1);
    expect_end(fd);
    close(other);
    fd = dial(f);
    g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, 0);
    close(image);
    close(fd);
}

static CcwLabOpened receive_two(int fd, int ret_fds[2])
{
    g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(gint));
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    CcwLabOpened opened = { 0 };

    g_assert_cmpint(poll(&ready, 1, 8000), ==, 1);
    g_assert_cmpint(ccw_fd_receive(fd, &opened, sizeof(opened), fds), ==, sizeof(opened));
    g_assert_cmpuint(fds->len, ==, 2);
    memcpy(ret_fds, fds->data, 2 * sizeof(gint));
    return opened;
}

/* The answer has the snapshot and the image, which the lab keeps locked for reading when the client has gone. */
static void with_snapshot(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    LabDevice *config = &((LabSubchannel *)g_ptr_array_index(f->model->subchannels, 0))->config;
    g_autoptr(GError) error = NULL;
    struct stat ours, theirs;
    CcwLabOpen packet = { .magic = CCW_LAB_MAGIC };
    CcwLabOpened answer;
    LabGroup group;
    int fd = dial(f), fds[2];

    config->is_read_only = FALSE;
    config->is_snapshot = TRUE;
    config->snapshot_fd = memfd_create("snapshot", MFD_CLOEXEC);
    config->image_fd = open_image(f, O_RDONLY);
    g_assert_true(dasd_lock_take(config->image_fd, NULL, &error));
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    packet.token = group.token;
    g_assert_cmpint(send(fd, &packet, sizeof(packet), 0), ==, sizeof(packet));
    answer = receive_two(fd, fds);
    g_assert_cmpint(answer.status, ==, 0);
    g_assert_cmpuint(answer.flags, ==, CCW_LAB_SNAPSHOT);
    g_assert_cmpint(fcntl(fds[0], F_GETFL) & O_ACCMODE, ==, O_RDONLY);
    g_assert_cmpint(fstat(fds[1], &theirs) | fstat(config->snapshot_fd, &ours), ==, 0);
    g_assert_cmpuint(theirs.st_ino, ==, ours.st_ino);
    close(fds[0]);
    close(fds[1]);
    close(fd);
    g_assert_true(is_locked(f));
    close(config->image_fd);
    expect_free(f);
    close(config->snapshot_fd);
}

/* A token is invalid before the first open and after the end of its open. */
static void closed(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const CcwLabToken zero;
    int first = dial(f), second = dial(f), third = dial(f);
    LabGroup group, other;
    int image;

    g_assert_cmpint(show_token(first, &zero, &image).status, ==, EACCES);
    expect_end(first);
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    lab_group_close(f->model, group.serial);
    g_assert_cmpint(show_token(second, &group.token, &image).status, ==, EACCES);
    expect_end(second);
    g_assert_cmpint(lab_group_open(f->model, 0, &other), ==, 0);
    g_assert_cmpint(memcmp(&group.token, &other.token, sizeof(group.token)), !=, 0);
    g_assert_cmpint(show_token(third, &group.token, &image).status, ==, EACCES);
    expect_end(third);
}

/* Connections that send nothing: the oldest of them are closed, and a client with a token is served. */
static void silent(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    int silent[100];
    LabGroup group;
    int image, fd;

    for (gsize i = 0; i < G_N_ELEMENTS(silent); i++)
        silent[i] = dial(f);
    fd = dial(f);
    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, 0);
    close(image);
    expect_end(silent[0]);
    for (gsize i = 1; i < G_N_ELEMENTS(silent); i++)
        close(silent[i]);
    close(fd);
}

/* Connects a client that the service must continue to serve. */
static void expect_service(Fixture *f, const LabGroup *group)
{
    int fd = dial(f);
    int image;

    g_assert_cmpint(show_token(fd, &group->token, &image).status, ==, 0);
    close(image);
    close(fd);
}

/* Sends the only descriptor of a file whose close(2) waits. The kernel may reject it, see the build file. */
static void send_lingering(int fd, gconstpointer packet, gsize length, int *ret_peer)
{
    int lingering = socket_lingering(ret_peer);

    if (!socket_send_fd(fd, packet, length, lingering))
        g_assert_cmpint(errno, ==, EPERM);
    ccw_fd_close_soon(lingering);
}

/*
 * Such a descriptor comes with a packet, from a peer with a token, and from one without: others are served all the
 * same.
 */
static void lingering(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    CcwLabOpen open_packet = { CCW_LAB_MAGIC, { { 1, 2, 3, 4 } } };
    CcwLabInUse in_use = { CCW_LAB_MAGIC, 1 };
    int clients[6], peers[G_N_ELEMENTS(clients)];
    LabGroup group;

    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(clients); i++) {
        clients[i] = dial(f);
        if (i % 2)
            send_lingering(clients[i], &open_packet, sizeof(open_packet), &peers[i]);
        else
            send_lingering(clients[i], &in_use, sizeof(in_use), &peers[i]);
    }
    expect_service(f, &group);
    for (gsize i = 0; i < G_N_ELEMENTS(clients); i++) {
        close(clients[i]);
        close(peers[i]);
    }
}

/* The descriptor is in the queue of a connection that the service closes. The model's lock makes the order certain. */
static void lingering_unread(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    CcwLabOpen guessed = { CCW_LAB_MAGIC, { { 1, 2, 3, 4 } } };
    int fd = dial(f), peer;
    char byte;
    LabGroup group;

    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_mutex_lock(&f->model->lock);
    g_assert_cmpint(send(fd, &guessed, sizeof(guessed), 0), ==, sizeof(guessed));
    send_lingering(fd, &guessed, sizeof(guessed), &peer);
    g_mutex_unlock(&f->model->lock);
    errno = 0;
    while (recv(fd, &byte, 1, 0) > 0) /* the answer is lost if the connection ends before */
        ;
    g_assert_cmpint(errno, !=, EAGAIN);
    expect_service(f, &group);
    close(fd);
    close(peer);
}

static gint accepts; /* atomic: how often the service has called accept4(2) */

int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    g_atomic_int_inc(&accepts);
    return (int)syscall(SYS_accept4, fd, address, length, flags);
}

/* The process has no descriptor for a connection. The service tries again now and then, and serves the client later. */
static void no_descriptors(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    struct sockaddr_un address;
    g_autoptr(GArray) taken = g_array_new(FALSE, FALSE, sizeof(int));
    struct rlimit old, low = { 64, 64 };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), image;
    LabGroup group;

    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_assert_true(ccw_sockaddr_set(&address, f->path));
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    low.rlim_max = old.rlim_max;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &low), ==, 0);
    for (int another; (another = dup(fd)) >= 0;)
        g_array_append_val(taken, another);
    g_atomic_int_set(&accepts, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
    g_assert_cmpint(poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 500), ==, 0);
    g_assert_cmpint(g_atomic_int_get(&accepts), <, 20);
    for (guint i = 0; i < taken->len; i++)
        close(g_array_index(taken, int, i));
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
    g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, 0);
    close(image);
    close(fd);
}

static void mode(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    struct stat found;

    g_assert_cmpint(g_stat(f->path, &found), ==, 0);
    g_assert_cmpint(found.st_mode & 07777, ==, 0660);
}

static gpointer remove_it(gpointer opaque)
{
    return GINT_TO_POINTER(lab_mdev_remove(((Fixture *)opaque)->model, UUID, "1"));
}

static gboolean is_in_use(Fixture *f)
{
    const LabSubchannel *sch = g_ptr_array_index(f->model->subchannels, 0);
    gboolean in_use;

    g_mutex_lock(&f->model->lock);
    in_use = sch->mdev->is_in_use;
    g_mutex_unlock(&f->model->lock);
    return in_use;
}

static void requested(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    int fd = dial(f);
    LabGroup group;
    GThread *thread;
    int image;

    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, 0);
    close(image);
    say_in_use(fd, 1);
    while (!is_in_use(f)) /* until the lab has noticed */
        g_thread_yield();
    thread = g_thread_new("remover", remove_it, f);
    expect_request(fd);
    say_in_use(fd, 0);
    g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(thread)), ==, 0);
    /* Too late: the device is gone. A client that asks for it is told at once. */
    say_in_use(fd, 1);
    expect_request(fd);
    close(fd);
}

static void hostile(Fixture *f, gconstpointer data G_GNUC_UNUSED)
{
    static const struct {
        guint32 words[32];
        gsize length;
    } packets[] = {
        { { CCW_LAB_MAGIC, 0 }, 4 },
        { { CCW_LAB_MAGIC, 0 }, 7 },
        { { CCW_LAB_MAGIC, 0, 0 }, 12 },
        { { CCW_LAB_MAGIC }, 128 },
        { { 0, 0 }, 8 },
        { { GUINT32_SWAP_LE_BE_CONSTANT(CCW_LAB_MAGIC), 0 }, 8 },
        { { CCW_LAB_MAGIC }, 0 },
    };
    LabGroup group;
    int image;
    int fd;

    g_assert_cmpint(lab_group_open(f->model, 0, &group), ==, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(packets); i++) {
        fd = dial(f);
        g_assert_cmpint(send(fd, packets[i].words, packets[i].length, 0), ==, packets[i].length);
        expect_end(fd);
    }
    fd = dial(f); /* a second token on one connection */
    g_assert_cmpint(show_token(fd, &group.token, &image).status, ==, 0);
    close(image);
    say_in_use(fd, 0xffffffff);
    g_assert_cmpint(send(fd, packets[4].words, 8, 0), ==, 8);
    expect_end(fd);
}

static void no_socket(void)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(lab_devices_start(NULL, "/nonexistent/sock", getegid(), &error));
    g_assert_error(error, CCW_ERROR, CCW_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "/nonexistent/sock"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, func) g_test_add("/lab/devices/" name, Fixture, NULL, set_up, func, tear_down)
    ADD("opened", opened);
    ADD("lock-of-client", lock_of_client);
    ADD("locked-by-other", locked_by_other);
    ADD("with-snapshot", with_snapshot);
    ADD("closed", closed);
    ADD("silent", silent);
    ADD("lingering", lingering);
    ADD("lingering-unread", lingering_unread);
    ADD("no-descriptors", no_descriptors);
    ADD("mode", mode);
    ADD("requested", requested);
    ADD("hostile", hostile);
    g_test_add_func("/lab/devices/no-socket", no_socket);
    return g_test_run();
}
