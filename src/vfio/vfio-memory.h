/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's storage as QEMU tells it to a VFIO container: VFIO_IOMMU_MAP_DMA and UNMAP_DMA (type 1, version 2), and
 * the translation's view of it. An I/O virtual address is a guest absolute address.
 */
#pragma once

#include <glib.h>
#include <linux/vfio.h>

#include "channel/memory.h"

typedef struct _VfioMemory VfioMemory;

VfioMemory *vfio_memory_new(void);
void vfio_memory_free(VfioMemory *memory);

/* 0 or a negative errno, as drivers/vfio/vfio_iommu_type1.c has them. */
int vfio_memory_map(VfioMemory *memory, const struct vfio_iommu_type1_dma_map *map);

/*
 * Mappings that lie in the range are forgotten; *ret_size is how many bytes they were. One that lies in it only in
 * part is EINVAL, and nothing is changed. After return no translation begins that could see them.
 */
int vfio_memory_unmap(VfioMemory *memory, guint64 iova, guint64 size, guint64 *ret_size);
void vfio_memory_unmap_all(VfioMemory *memory, guint64 *ret_size);

/* The guest address of what is at `host` in this process; FALSE if it is in no mapping. */
gboolean vfio_memory_find(VfioMemory *memory, gconstpointer host, guint64 *ret_address);

/* The translation's view holds while it is held; then the addresses are good until an unmap waits for the devices. */
const CcwMemory *vfio_memory_hold(VfioMemory *memory);
void vfio_memory_release(VfioMemory *memory);
