/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's storage, as QEMU describes it to a VFIO container by VFIO_IOMMU_MAP_DMA and UNMAP_DMA (type 1, version
 * 2), and the view of it for the translation. An I/O virtual address is a guest absolute address.
 */
#pragma once

#include <glib.h>
#include <linux/vfio.h>

#include "channel/memory.h"

typedef struct _VfioMemory VfioMemory;

VfioMemory *vfio_memory_new(void);
void vfio_memory_free(VfioMemory *memory);

/**
 * vfio_memory_map:
 *
 * Returns: 0 or a negative errno, as in drivers/vfio/vfio_iommu_type1.c
 */
int vfio_memory_map(VfioMemory *memory, const struct vfio_iommu_type1_dma_map *map);

/**
 * vfio_memory_unmap:
 * @ret_size: bytes of the mappings that were removed
 *
 * Removes the mappings in the range. A translation that begins later cannot see them.
 *
 * Returns: 0 or a negative errno. -EINVAL: a mapping lies only partly in the range; no mapping has changed
 */
int vfio_memory_unmap(VfioMemory *memory, guint64 iova, guint64 size, guint64 *ret_size);

/* The same for all mappings, which cannot fail. */
void vfio_memory_unmap_all(VfioMemory *memory, guint64 *ret_size);

/**
 * vfio_memory_find:
 * @host: an address in this process
 *
 * Returns: FALSE if @host is in no mapping; else its guest address is in @ret_address
 */
gboolean vfio_memory_find(VfioMemory *memory, gconstpointer host, guint64 *ret_address);

/**
 * vfio_memory_lock:
 *
 * Locks the mappings for a translation until vfio_memory_unlock(). The translated addresses stay valid until an unmap
 * has waited for the devices.
 *
 * Returns: the view for the translation
 */
const ChannelMemory *vfio_memory_lock(VfioMemory *memory);
void vfio_memory_unlock(VfioMemory *memory);
