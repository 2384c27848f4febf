/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Implements the C library's calls on open folders, for the folders of this library's tree: as descriptors, and as
 * streams of opendir(). If the machine has the folder, too, a stream holds the machine's names and those of the tree.
 */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "vfio/vfio-path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "vfio/vfio-real.h"

/* --- descriptors --- */

typedef struct {
    VfioFile file;
    const VfioNode *node;
} Folder;

static void folder_release(VfioFile *file)
{
    g_free(file);
}

static int folder_ioctl(VfioFile *file G_GNUC_UNUSED, unsigned long request G_GNUC_UNUSED, void *arg G_GNUC_UNUSED)
{
    return -ENOTTY;
}

static const VfioFileOps folder_ops = { .ioctl = folder_ioctl, .release = folder_release };

int vfio_folder_open(const VfioNode *node)
{
    Folder *folder = g_new0(Folder, 1);

    vfio_file_init(&folder->file, &folder_ops);
    folder->node = node;
    return vfio_file_install(&folder->file, node->name);
}

const VfioNode *vfio_folder_of(int fd)
{
    VfioFile *file = vfio_file_get(fd);
    const VfioNode *node;

    if (G_LIKELY(!file))
        return NULL;
    node = file->ops == &folder_ops ? ((Folder *)file)->node : NULL;
    vfio_file_unref(file);
    return node;
}

/* --- streams --- */

/* The object that a DIR * of this library points to. */
typedef struct {
    const VfioNode *node;
    int fd;          /* -1 until dirfd() is called */
    GArray *entries; /* struct dirent64 */
    guint position;  /* index of the next entry */
} Stream;

static GHashTable *streams; /* set of the open streams; NULL until the first one */
static gint open_streams;   /* number of open streams, so that other streams cost one load */
static GMutex streams_lock;

static Stream *stream_of(DIR *directory)
{
    gboolean is_ours;

    if (G_LIKELY(g_atomic_int_get(&open_streams) == 0))
        return NULL;
    g_mutex_lock(&streams_lock);
    is_ours = g_hash_table_contains(streams, directory);
    g_mutex_unlock(&streams_lock);
    return is_ours ? (Stream *)directory : NULL;
}

static void add_entry(Stream *stream, const char *name, guint64 inode, unsigned char type)
{
    struct dirent64 entry = { .d_ino = inode, .d_reclen = sizeof(entry), .d_type = type };

    g_strlcpy(entry.d_name, name, sizeof(entry.d_name));
    entry.d_off = stream->entries->len + 1;
    g_array_append_val(stream->entries, entry);
}

static gboolean has_entry(const Stream *stream, const char *name)
{
    for (guint i = 0; i < stream->entries->len; i++)
        if (strcmp(g_array_index(stream->entries, struct dirent64, i).d_name, name) == 0)
            return TRUE;
    return FALSE;
}

static void add_own(Stream *stream, const char *name, const VfioNode *node)
{
    static const unsigned char types[] = {
        [VFIO_NODE_FOLDER] = DT_DIR, [VFIO_NODE_LINK] = DT_LNK, [VFIO_NODE_FILE] = DT_REG, [VFIO_NODE_DEVICE] = DT_CHR
    };

    if (!has_entry(stream, name))
        add_entry(stream, name, node->inode, types[node->kind]);
}

static void add_real(Stream *stream)
{
    DIR *real = VFIO_REAL(opendir)(stream->node->path);
    const struct dirent64 *entry;

    while (real && (entry = VFIO_REAL(readdir)(real)))
        add_entry(stream, entry->d_name, entry->d_ino, entry->d_type);
    if (real)
        VFIO_REAL(closedir)(real);
}

/* @fd: the stream closes it; -1: the stream has no descriptor yet. */
static DIR *stream_new(const VfioNode *node, int fd)
{
    Stream *stream = g_new0(Stream, 1);

    stream->node = node;
    stream->fd = fd;
    stream->entries = g_array_new(FALSE, FALSE, sizeof(struct dirent64));
    if (node->is_shared)
        add_real(stream);
    add_own(stream, ".", node);
    add_own(stream, "..", node->parent);
    for (guint i = 0; i < node->children->len; i++) {
        const VfioNode *child = node->children->pdata[i];

        add_own(stream, child->name, child);
    }
    g_mutex_lock(&streams_lock);
    if (!streams)
        streams = g_hash_table_new(NULL, NULL);
    g_hash_table_add(streams, stream);
    g_atomic_int_inc(&open_streams);
    g_mutex_unlock(&streams_lock);
    return (DIR *)stream;
}

static int stream_free(Stream *stream)
{
    g_mutex_lock(&streams_lock);
    g_hash_table_remove(streams, stream);
    g_atomic_int_dec_and_test(&open_streams);
    g_mutex_unlock(&streams_lock);
    /* The descriptor is in the table, so this must be the library's own close(). */
    if (stream->fd >= 0)
        close(stream->fd);
    g_array_unref(stream->entries);
    g_free(stream);
    return 0;
}

VFIO_EXPORT DIR *opendir(const char *path)
{
    int errnum;
    const VfioNode *node = vfio_path_find_any(AT_FDCWD, path, TRUE, &errnum);

    if (!node && errnum == 0)
        return VFIO_REAL(opendir)(path);
    if (node && node->kind == VFIO_NODE_FOLDER)
        return stream_new(node, -1);
    errno = node ? ENOTDIR : errnum;
    return NULL;
}

VFIO_EXPORT DIR *fdopendir(int fd)
{
    const VfioNode *node = vfio_folder_of(fd);

    return node ? stream_new(node, fd) : VFIO_REAL(fdopendir)(fd);
}

static struct dirent64 *read_entry(DIR *directory)
{
    Stream *stream = stream_of(directory);

    if (!stream)
        return VFIO_REAL(readdir)(directory);
    if (stream->position >= stream->entries->len)
        return NULL;
    return &g_array_index(stream->entries, struct dirent64, stream->position++);
}

VFIO_EXPORT struct dirent64 *readdir64(DIR *directory)
{
    return read_entry(directory);
}

#if __WORDSIZE == 64
G_STATIC_ASSERT(sizeof(struct dirent) == sizeof(struct dirent64));

VFIO_EXPORT struct dirent *readdir(DIR *directory)
{
    return (struct dirent *)read_entry(directory);
}
#endif

VFIO_EXPORT int closedir(DIR *directory)
{
    Stream *stream = stream_of(directory);

    return stream ? stream_free(stream) : VFIO_REAL(closedir)(directory);
}

VFIO_EXPORT void rewinddir(DIR *directory)
{
    Stream *stream = stream_of(directory);

    if (stream)
        stream->position = 0;
    else
        VFIO_REAL(rewinddir)(directory);
}

VFIO_EXPORT long telldir(DIR *directory)
{
    const Stream *stream = stream_of(directory);

    return stream ? (long)stream->position : VFIO_REAL(telldir)(directory);
}

VFIO_EXPORT void seekdir(DIR *directory, long position)
{
    Stream *stream = stream_of(directory);

    if (stream)
        stream->position = (guint)CLAMP(position, 0, (long)stream->entries->len);
    else
        VFIO_REAL(seekdir)(directory, position);
}

VFIO_EXPORT int dirfd(DIR *directory)
{
    Stream *stream = stream_of(directory);

    if (!stream)
        return VFIO_REAL(dirfd)(directory);
    if (stream->fd < 0) {
        int fd = vfio_folder_open(stream->node);

        if (fd < 0) {
            errno = -fd;
            return -1;
        }
        stream->fd = fd;
    }
    return stream->fd;
}
