/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dasd/dasd-volser.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dasd/dasd-label.h"
#include "util/file.h"

#define STUCK_MAX 3 /* after so many disks without an answer, the others are not read */

typedef struct {
    guint index;
    char volser[DASD_VOLSER_MAX + 1];
} Answer;

static guint64 attr_number(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    g_autofree char *text = ccw_attr_read(path, NULL);

    return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/*
 * Opens the node of a disk. The device number of the node must be that of the disk: a name alone may be any file.
 * Returns -1 otherwise.
 */
static int open_disk(const char *dev_dir, const DasdDisk *disk)
{
    g_autofree char *node = g_build_filename(dev_dir, disk->block, NULL);
    g_autofree char *dev_path = g_build_filename(disk->block_dir, "dev", NULL);
    g_autofree char *dev = ccw_attr_read(dev_path, NULL);
    int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
    g_autofree char *number = NULL;
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISBLK(st.st_mode)) {
        number = ccw_dev_format(st.st_rdev);
        if (g_strcmp0(number, dev) == 0)
            return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* An ECKD volume has the label in block 2, other volumes in block 1 (block/partitions/ibm.c of Linux). */
static void read_volser(const char *dev_dir, const DasdDisk *disk, char ret_volser[DASD_VOLSER_MAX + 1])
{
    static const guint blocks[] = { 2, 1 };
    guint64 block_size = attr_number(disk->block_dir, "queue/logical_block_size");
    guint8 data[DASD_LABEL_BLOCK_MIN];
    int fd = open_disk(dev_dir, disk);

    if (fd < 0)
        return;
    if (block_size < 512 || block_size > 65536)
        block_size = 512;
    for (gsize i = 0; i < G_N_ELEMENTS(blocks) && !*ret_volser; i++)
        if (pread(fd, data, sizeof(data), (off_t)(blocks[i] * block_size)) == (ssize_t)sizeof(data))
            dasd_label_block_volser(data, ret_volser);
    close(fd);
}

static G_GNUC_NORETURN void read_from(const DasdDisk *disks, guint n, guint first, const char *dev_dir, int out)
{
    for (guint i = first; i < n; i++) {
        Answer answer = { .index = i };

        if (!disks[i].block)
            continue;
        read_volser(dev_dir, &disks[i], answer.volser);
        if (write(out, &answer, sizeof(answer)) != (ssize_t)sizeof(answer))
            break;
    }
    _exit(0);
}

/* Returns the index after the last disk that answered; n if the child has finished. */
static guint collect(DasdDisk *disks, guint n, guint first, int in)
{
    struct pollfd answers = { .fd = in, .events = POLLIN };
    Answer answer;

    while (poll(&answers, 1, DASD_VOLSER_MS) > 0) {
        if (read(in, &answer, sizeof(answer)) != (ssize_t)sizeof(answer) || answer.index >= n)
            return n;
        memcpy(disks[answer.index].volser, answer.volser, sizeof(answer.volser));
        first = answer.index + 1;
    }
    return first;
}

/* Returns the first disk from @first on that has a block device; if the child is stuck, it reads this disk. */
static guint next_readable(const DasdDisk *disks, guint n, guint first)
{
    while (first < n && !disks[first].block)
        first++;
    return first;
}

void dasd_volser_read(DasdDisk *disks, guint n, const char *dev_dir)
{
    guint first = next_readable(disks, n, 0);

    for (guint stuck = 0; first < n && stuck < STUCK_MAX; stuck++) {
        int ends[2];
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC) < 0)
            return;
        pid = fork();
        if (pid == 0)
            read_from(disks, n, first, dev_dir, ends[1]);
        close(ends[1]);
        if (pid < 0) {
            close(ends[0]);
            return;
        }
        first = collect(disks, n, first, ends[0]);
        close(ends[0]);
        kill(pid, SIGKILL); /* takes effect when the read ends; the caller does not wait for that */
        waitpid(pid, NULL, first < n ? WNOHANG : 0);
        first = next_readable(disks, n, next_readable(disks, n, first) + 1);
    }
}
