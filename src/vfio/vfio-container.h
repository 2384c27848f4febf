/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * /dev/vfio/vfio and /dev/vfio/N: containers with the guest's storage, groups of one device each, and how they hang
 * together. Answers and errors as in drivers/vfio/{vfio_main,container,group}.c and vfio_iommu_type1.c of Linux.
 *
 * /dev/vfio/noiommu-N is the same group without an IOMMU: its container knows no storage, and only the dedicated
 * request (channel/request.h), whose program has user virtual addresses, reaches the device. Unlike the kernel's it
 * needs no privilege: the addresses are those of the process that this library is in.
 */
#pragma once

#include <glib.h>

#include "vfio/vfio-file.h"
#include "vfio/vfio-memory.h"
#include "vfio/vfio-source.h"

typedef struct _VfioContainer VfioContainer;
typedef struct _VfioGroup VfioGroup;

/* All of them return a new descriptor or a negative errno. node_fd: as for vfio_source_open(). */
int vfio_container_open(void);
int vfio_group_open(guint number, gboolean noiommu, int node_fd);
