/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "lab/lab-fuse.h"

#define FUSE_USE_VERSION 35
#include <errno.h>
#include <fuse_lowlevel.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "lab/lab-inodes.h"
#include "util/error.h"

/*
 * The kernel may cache names and attributes for ever, because invalidate() removes vanished names from its cache, and
 * the kernel never caches that a name is missing. The cache halves the cost of an open, read and close.
 */
#define CACHE_SECONDS 86400.0

struct _LabFuse {
    LabTree *tree;
    LabInodes *inodes;
    struct fuse_session *session;
    GMutex invalidating;  /* held by invalidate(); a write ends only when the names that it removed are invalid */
    guint64 *seen;        /* the counters of lab_tree_changes(), protected by invalidating */
    GThreadPool *writers; /* one thread for each write, so that a write that blocks does not block others */
};

/* A job of the pool: a write; without a request it only invalidates vanished names. */
typedef struct {
    fuse_req_t request;
    char *path;
    gsize length;
    char *data;
} WriteJob;

static LabFuse *fuse_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static void fill_stat(const LabEntry *entry, guint64 number, struct stat *ret_stat)
{
    static const struct {
        mode_t type;
        off_t size;
    } kinds[] = {
        [LAB_NODE_DIR] = { S_IFDIR, 0 },
        [LAB_NODE_ATTR] = { S_IFREG, LAB_ATTR_SIZE },
        [LAB_NODE_LINK] = { S_IFLNK, 0 },
    };

    *ret_stat = (struct stat){
        .st_ino = number,
        .st_mode = kinds[entry->kind].type | entry->mode,
        .st_nlink = entry->kind == LAB_NODE_DIR ? 2 : 1,
        .st_size = kinds[entry->kind].size,
        .st_blksize = LAB_ATTR_SIZE,
    };
}

/* Finds a file as it is now. Answers the request itself if the file is gone. */
static gboolean find(fuse_req_t request, fuse_ino_t number, char **ret_path, LabEntry *ret_entry)
{
    LabFuse *fuse = fuse_of(request);
    g_autofree char *path = lab_inodes_path(fuse->inodes, number);

    if (!path || !lab_tree_lookup(fuse->tree, path, ret_entry)) {
        fuse_reply_err(request, ENOENT);
        return FALSE;
    }
    *ret_path = g_steal_pointer(&path);
    return TRUE;
}

static char *child_path(const char *folder, const char *name)
{
    return *folder ? g_strdup_printf("%s/%s", folder, name) : g_strdup(name);
}

static void lab_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    LabFuse *fuse = fuse_of(request);
    g_autofree char *folder = lab_inodes_path(fuse->inodes, parent);
    g_autofree char *path = folder ? child_path(folder, name) : NULL;
    struct fuse_entry_param answer = { .attr_timeout = CACHE_SECONDS, .entry_timeout = CACHE_SECONDS };
    LabEntry entry;

    if (!path || !lab_tree_lookup(fuse->tree, path, &entry)) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    answer.ino = lab_inodes_lookup(fuse->inodes, path, entry.owner);
    fill_stat(&entry, answer.ino, &answer.attr);
    if (fuse_reply_entry(request, &answer) != 0)
        lab_inodes_forget(fuse->inodes, answer.ino, 1);
}

static void lab_forget(fuse_req_t request, fuse_ino_t number, guint64 lookups)
{
    lab_inodes_forget(fuse_of(request)->inodes, number, lookups);
    fuse_reply_none(request);
}

static void lab_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info G_GNUC_UNUSED)
{
    g_autofree char *path = NULL;
    LabEntry entry;
    struct stat answer;

    if (!find(request, number, &path, &entry))
        return;
    fill_stat(&entry, number, &answer);
    fuse_reply_attr(request, &answer, CACHE_SECONDS);
}

/* sysfs ignores a truncation, as by the shell's ">". Users cannot change owners and modes. */
static void lab_setattr(fuse_req_t request, fuse_ino_t number, struct stat *wanted G_GNUC_UNUSED, int what,
                        struct fuse_file_info *info)
{
    if (what & (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID))
        fuse_reply_err(request, EPERM);
    else
        lab_getattr(request, number, info);
}

static void lab_readlink(fuse_req_t request, fuse_ino_t number)
{
    LabFuse *fuse = fuse_of(request);
    g_autofree char *path = lab_inodes_path(fuse->inodes, number);
    g_autofree char *target = path ? lab_tree_target(fuse->tree, path) : NULL;

    if (target)
        fuse_reply_readlink(request, target);
    else
        fuse_reply_err(request, ENOENT);
}

/* kernfs_fop_open(): an open for reading (writing) fails for root, too, if the mode has no read (write) bit at all. */
static void lab_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    g_autofree char *path = NULL;
    int access = info->flags & O_ACCMODE;
    LabEntry entry;

    if (!find(request, number, &path, &entry))
        return;
    if ((access != O_WRONLY && !(entry.mode & 0444)) || (access != O_RDONLY && !(entry.mode & 0222))) {
        fuse_reply_err(request, EACCES);
        return;
    }
    info->direct_io = 1;
    fuse_reply_open(request, info);
}

static void lab_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                     struct fuse_file_info *info G_GNUC_UNUSED)
{
    LabFuse *fuse = fuse_of(request);
    g_autofree char *path = lab_inodes_path(fuse->inodes, number);
    g_autoptr(GString) text = g_string_new(NULL);
    int result = path ? lab_tree_read(fuse->tree, path, text) : ENODEV;
    gsize begin = MIN((gsize)offset, text->len);

    if (result)
        fuse_reply_err(request, result);
    else
        fuse_reply_buf(request, text->str + begin, MIN(size, text->len - begin));
}

static void lab_write(fuse_req_t request, fuse_ino_t number, const char *data, size_t size, off_t offset G_GNUC_UNUSED,
                      struct fuse_file_info *info G_GNUC_UNUSED)
{
    LabFuse *fuse = fuse_of(request);
    WriteJob *job = g_new0(WriteJob, 1);

    job->request = request;
    job->path = lab_inodes_path(fuse->inodes, number);
    job->length = MIN(size, LAB_ATTR_SIZE);
    job->data = g_memdup2(data, job->length);
    g_thread_pool_push(fuse->writers, job, NULL);
}

static void invalidate_path(LabFuse *fuse, const char *path)
{
    const char *slash = strrchr(path, '/');
    g_autofree char *folder = slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
    const char *name = slash ? slash + 1 : path;
    guint64 parent = lab_inodes_number(fuse->inodes, folder);
    LabEntry entry;

    if (parent && !lab_tree_lookup(fuse->tree, path, &entry))
        fuse_lowlevel_notify_inval_entry(fuse->session, parent, name, strlen(name));
}

/*
 * Removes every vanished name from the kernel's cache. The kernel may wait for a lookup, so no lock of a lookup is
 * held.
 */
static void invalidate(LabFuse *fuse)
{
    g_autoptr(GArray) owners = g_array_new(FALSE, FALSE, sizeof(guint));

    g_mutex_lock(&fuse->invalidating);
    lab_tree_changes(fuse->tree, fuse->seen, owners);
    for (guint i = 0; i < owners->len; i++) {
        g_autoptr(GPtrArray) paths = lab_inodes_paths(fuse->inodes, g_array_index(owners, guint, i));

        for (guint j = 0; j < paths->len; j++)
            invalidate_path(fuse, g_ptr_array_index(paths, j));
    }
    g_mutex_unlock(&fuse->invalidating);
}

static void do_write(gpointer data, gpointer opaque)
{
    LabFuse *fuse = opaque;
    WriteJob *job = data;
    int result = ENODEV;

    if (job->request && job->path)
        result = lab_tree_write(fuse->tree, job->path, job->data, job->length);
    invalidate(fuse);
    if (job->request && result)
        fuse_reply_err(job->request, result);
    else if (job->request)
        fuse_reply_write(job->request, job->length);
    g_free(job->path);
    g_free(job->data);
    g_free(job);
}

void lab_fuse_changed(LabFuse *fuse)
{
    g_thread_pool_push(fuse->writers, g_new0(WriteJob, 1), NULL);
}

static void lab_opendir(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info)
{
    LabFuse *fuse = fuse_of(request);
    g_autofree char *path = lab_inodes_path(fuse->inodes, number);
    GArray *entries = path ? lab_tree_list(fuse->tree, path) : NULL;

    if (!entries) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    info->fh = (guint64)(guintptr)entries;
    if (fuse_reply_open(request, info) != 0)
        g_array_unref(entries);
}

static void lab_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
    const GArray *entries = (const GArray *)(guintptr)info->fh;
    g_autofree char *buffer = g_malloc(size);
    gsize used = 0;

    for (guint i = (guint)offset; i < entries->len + 2; i++) {
        static const LabEntry dots[] = { { (char *)".", LAB_NODE_DIR, 0755 }, { (char *)"..", LAB_NODE_DIR, 0755 } };
        const LabEntry *entry = i < 2 ? &dots[i] : &g_array_index(entries, LabEntry, i - 2);
        struct stat stat;
        gsize length;

        fill_stat(entry, i == 0 ? number : ~0u, &stat);
        length = fuse_add_direntry(request, buffer + used, size - used, entry->name, &stat, (off_t)i + 1);
        if (length > size - used)
            break;
        used += length;
    }
    fuse_reply_buf(request, buffer, used);
}

static void lab_releasedir(fuse_req_t request, fuse_ino_t number G_GNUC_UNUSED, struct fuse_file_info *info)
{
    g_array_unref((GArray *)(guintptr)info->fh);
    fuse_reply_err(request, 0);
}

/* VFS answers with these errors where sysfs has no operation. */
static void lab_create(fuse_req_t request, fuse_ino_t parent G_GNUC_UNUSED, const char *name G_GNUC_UNUSED,
                       mode_t mode G_GNUC_UNUSED, struct fuse_file_info *info G_GNUC_UNUSED)
{
    fuse_reply_err(request, EACCES);
}

static void lab_mkdir(fuse_req_t request, fuse_ino_t parent G_GNUC_UNUSED, const char *name G_GNUC_UNUSED,
                      mode_t mode G_GNUC_UNUSED)
{
    fuse_reply_err(request, EPERM);
}

static void lab_unlink(fuse_req_t request, fuse_ino_t parent G_GNUC_UNUSED, const char *name G_GNUC_UNUSED)
{
    fuse_reply_err(request, EPERM);
}

static const struct fuse_lowlevel_ops operations = {
    .lookup = lab_lookup,
    .forget = lab_forget,
    .getattr = lab_getattr,
    .setattr = lab_setattr,
    .readlink = lab_readlink,
    .open = lab_open,
    .read = lab_read,
    .write = lab_write,
    .opendir = lab_opendir,
    .readdir = lab_readdir,
    .releasedir = lab_releasedir,
    .create = lab_create,
    .mkdir = lab_mkdir,
    .unlink = lab_unlink,
    .rmdir = lab_unlink,
};

/*
 * Mounts by mount(2), and passes the descriptor to libfuse. libfuse itself would run mount(8), whose libselinux reads
 * /sys, and would so wait for an answer of the file system that it mounts.
 */
static gboolean mount_session(struct fuse_session *session, const char *path)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    g_autofree char *options = NULL;
    char name[32];

    if (fd < 0)
        return FALSE;
    options = g_strdup_printf("fd=%d,rootmode=%o,user_id=%u,group_id=%u,allow_other,default_permissions", fd, S_IFDIR,
                              geteuid(), getegid());
    if (mount("libvirt-ccw-lab", path, "fuse", MS_NOSUID | MS_NODEV, options) < 0) {
        int saved = errno;

        close(fd);
        errno = saved;
        return FALSE;
    }
    g_snprintf(name, sizeof(name), "/dev/fd/%d", fd);
    return fuse_session_mount(session, name) == 0; /* takes the descriptor */
}

LabFuse *lab_fuse_mount(LabTree *tree, const char *path, GError **error)
{
    char *argv[] = { (char *)"virt-ccw", NULL };
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    LabFuse *fuse = g_new0(LabFuse, 1);

    fuse->tree = tree;
    fuse->inodes = lab_inodes_new();
    fuse->seen = g_new0(guint64, lab_tree_owners(tree));
    g_mutex_init(&fuse->invalidating);
    fuse->writers = g_thread_pool_new(do_write, fuse, -1, FALSE, NULL);
    fuse->session = fuse_session_new(&args, &operations, sizeof(operations), fuse);
    fuse_opt_free_args(&args);
    if (fuse->session && mount_session(fuse->session, path))
        return fuse;
    g_set_error(error, CCW_ERROR, CCW_ERROR_SYSTEM, "cannot mount the lab's file system at %s: %s", path,
                g_strerror(errno));
    if (fuse->session)
        fuse_session_destroy(fuse->session);
    g_thread_pool_free(fuse->writers, TRUE, TRUE);
    lab_inodes_free(fuse->inodes);
    g_mutex_clear(&fuse->invalidating);
    g_free(fuse->seen);
    g_free(fuse);
    return NULL;
}

int lab_fuse_run(LabFuse *fuse)
{
    int result = fuse_session_loop(fuse->session); /* an errno; some versions of libfuse negate it */

    return ABS(result);
}
