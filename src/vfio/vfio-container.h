/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Implements /dev/vfio/vfio and /dev/vfio/N: containers with the guest's storage, and groups of one device each.
 * Answers and errors are those of drivers/vfio/{vfio_main,container,group}.c and vfio_iommu_type1.c of Linux.
 *
 * /dev/vfio/noiommu-N is the same group without an IOMMU. Its container knows no storage. Only the dedicated request
 * (channel/request.h) reaches the device, because its program has user virtual addresses. Unlike the kernel's group,
 * this group needs no privilege: the addresses are those of the process that this library is in.
 */
#pragma once

#include <glib.h>

#include "vfio/vfio-file.h"
#include "vfio/vfio-memory.h"
#include "vfio/vfio-source.h"

typedef struct _VfioContainer VfioContainer;
typedef struct _VfioGroup VfioGroup;

/**
 * vfio_container_open:
 *
 * Returns: a new descriptor of a container, or a negative errno
 */
int vfio_container_open(void);
/**
 * vfio_group_open:
 * @number: of /dev/vfio/N
 * @noiommu: TRUE for /dev/vfio/noiommu-N
 * @node_fd: as for vfio_source_open()
 *
 * Returns: a new descriptor of a group, or a negative errno
 */
int vfio_group_open(guint number, gboolean noiommu, int node_fd);
