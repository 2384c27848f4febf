/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-memory.h. */
#include "vfio/vfio-memory.h"

#include <errno.h>

#define PAGE_MASK 4095u
#define MAPPINGS_MAX 65535 /* the kernel's dma_entry_limit */

typedef struct {
    guint64 iova;
    guint64 size;
    guint8 *host;
    gboolean writable;
} Mapping;

struct _VfioMemory {
    GRWLock lock;
    GArray *mappings; /* Mapping, sorted by iova, without overlaps */
    ChannelMemory view;
};

/* Returns the index of the first mapping that ends beyond the address. */
static guint find(const VfioMemory *memory, guint64 address)
{
    guint low = 0, high = memory->mappings->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const Mapping *mapping = &g_array_index(memory->mappings, Mapping, middle);

        if (mapping->iova + (mapping->size - 1) < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static guint8 *map_address(void *opaque, guint64 address, gsize length, gboolean write, gsize *ret_length)
{
    const VfioMemory *memory = opaque;
    guint i = find(memory, address);
    const Mapping *mapping;

    if (i == memory->mappings->len)
        return NULL;
    mapping = &g_array_index(memory->mappings, Mapping, i);
    if (address < mapping->iova || (write && !mapping->writable))
        return NULL;
    *ret_length = MIN(length, mapping->size - (address - mapping->iova));
    return mapping->host + (address - mapping->iova);
}

VfioMemory *vfio_memory_new(void)
{
    VfioMemory *memory = g_new0(VfioMemory, 1);

    g_rw_lock_init(&memory->lock);
    memory->mappings = g_array_new(FALSE, FALSE, sizeof(Mapping));
    memory->view = (ChannelMemory){ .map = map_address, .opaque = memory };
    return memory;
}

void vfio_memory_free(VfioMemory *memory)
{
    g_array_unref(memory->mappings);
    g_rw_lock_clear(&memory->lock);
    g_free(memory);
}

static int insert(VfioMemory *memory, const Mapping *mapping)
{
    guint i = find(memory, mapping->iova);

    if (memory->mappings->len >= MAPPINGS_MAX)
        return -ENOSPC;
    if (i < memory->mappings->len &&
        g_array_index(memory->mappings, Mapping, i).iova <= mapping->iova + (mapping->size - 1))
        return -EEXIST;
    g_array_insert_val(memory->mappings, i, *mapping);
    return 0;
}

int vfio_memory_map(VfioMemory *memory, const struct vfio_iommu_type1_dma_map *map)
{
    const guint32 known = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    Mapping mapping = {
        .iova = map->iova,
        .size = map->size,
        .host = (guint8 *)(guintptr)map->vaddr,
        .writable = map->flags & VFIO_DMA_MAP_FLAG_WRITE ? TRUE : FALSE,
    };
    int result;

    if (map->flags & ~known || !(map->flags & known) || map->size == 0)
        return -EINVAL;
    if ((map->iova | map->size | map->vaddr) & PAGE_MASK)
        return -EINVAL;
    if (map->iova + (map->size - 1) < map->iova || map->vaddr + (map->size - 1) < map->vaddr)
        return -EINVAL;

    g_rw_lock_writer_lock(&memory->lock);
    result = insert(memory, &mapping);
    g_rw_lock_writer_unlock(&memory->lock);
    return result;
}

static int remove_range(VfioMemory *memory, guint64 iova, guint64 last, guint64 *ret_size)
{
    guint first = find(memory, iova), n = 0;
    guint64 size = 0;

    for (; first + n < memory->mappings->len; n++) {
        const Mapping *mapping = &g_array_index(memory->mappings, Mapping, first + n);

        if (mapping->iova > last)
            break;
        if (mapping->iova < iova || mapping->iova + (mapping->size - 1) > last)
            return -EINVAL;
        size += mapping->size;
    }
    g_array_remove_range(memory->mappings, first, n);
    *ret_size = size;
    return 0;
}

int vfio_memory_unmap(VfioMemory *memory, guint64 iova, guint64 size, guint64 *ret_size)
{
    int result;

    if (size == 0 || (iova | size) & PAGE_MASK || iova + (size - 1) < iova)
        return -EINVAL;
    g_rw_lock_writer_lock(&memory->lock);
    result = remove_range(memory, iova, iova + (size - 1), ret_size);
    g_rw_lock_writer_unlock(&memory->lock);
    return result;
}

void vfio_memory_unmap_all(VfioMemory *memory, guint64 *ret_size)
{
    g_rw_lock_writer_lock(&memory->lock);
    remove_range(memory, 0, G_MAXUINT64, ret_size);
    g_rw_lock_writer_unlock(&memory->lock);
}

gboolean vfio_memory_find(VfioMemory *memory, gconstpointer host, guint64 *ret_address)
{
    gboolean found = FALSE;

    g_rw_lock_reader_lock(&memory->lock);
    for (guint i = 0; !found && i < memory->mappings->len; i++) {
        const Mapping *mapping = &g_array_index(memory->mappings, Mapping, i);
        guint64 offset = (guint64)(guintptr)host - (guint64)(guintptr)mapping->host;

        found = offset < mapping->size;
        if (found)
            *ret_address = mapping->iova + offset;
    }
    g_rw_lock_reader_unlock(&memory->lock);
    return found;
}

const ChannelMemory *vfio_memory_lock(VfioMemory *memory)
{
    g_rw_lock_reader_lock(&memory->lock);
    return &memory->view;
}

void vfio_memory_unlock(VfioMemory *memory)
{
    g_rw_lock_reader_unlock(&memory->lock);
}
