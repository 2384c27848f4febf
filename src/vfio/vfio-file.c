/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-file.h. */
#include "vfio/vfio-file.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#define FD_MAX 65536 /* this library uses no higher descriptor: opening fails instead */

/*
 * Readers take no lock, so the descriptors of the rest of the process cost one load. A reader that finds an entry looks
 * at it again under the lock, and takes the reference there.
 */
static VfioFile *table[FD_MAX];
static GMutex table_lock;

void vfio_file_init(VfioFile *file, const VfioFileOps *ops)
{
    file->ops = ops;
    file->refs = 1;
}

void vfio_file_ref(VfioFile *file)
{
    g_atomic_int_inc(&file->refs);
}

void vfio_file_unref(VfioFile *file)
{
    if (g_atomic_int_dec_and_test(&file->refs))
        file->ops->release(file);
}

int vfio_file_install(VfioFile *file, const char *name)
{
    /* A real file reserves the number. The program may poll, duplicate and close it. */
    int fd = memfd_create(name, MFD_CLOEXEC);
    int errnum = errno;

    if (fd < 0 || fd >= FD_MAX) {
        if (fd >= 0) {
            close(fd);
            errnum = EMFILE;
        }
        vfio_file_unref(file);
        return -errnum;
    }
    g_mutex_lock(&table_lock);
    g_atomic_pointer_set(&table[fd], file);
    g_mutex_unlock(&table_lock);
    return fd;
}

VfioFile *vfio_file_get(int fd)
{
    VfioFile *file;

    if (fd < 0 || fd >= FD_MAX || !g_atomic_pointer_get(&table[fd]))
        return NULL;
    g_mutex_lock(&table_lock);
    file = g_atomic_pointer_get(&table[fd]);
    if (file)
        vfio_file_ref(file);
    g_mutex_unlock(&table_lock);
    return file;
}

VfioFile *vfio_file_remove(int fd)
{
    VfioFile *file;

    if (fd < 0 || fd >= FD_MAX || !g_atomic_pointer_get(&table[fd]))
        return NULL;
    g_mutex_lock(&table_lock);
    file = g_atomic_pointer_get(&table[fd]);
    g_atomic_pointer_set(&table[fd], NULL);
    g_mutex_unlock(&table_lock);
    return file;
}
