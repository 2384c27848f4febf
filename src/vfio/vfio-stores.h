/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells QEMU which storage of the guest a device has changed. An emulated processor (TCG) keeps the translation of the
 * guest's code. QEMU knows nothing of the writes of a VFIO device, so the guest would run old code where a new one was
 * read from the disk. With KVM nothing is kept, and this changes nothing.
 *
 * QEMU has two functions for the DMA of its own devices: address_space_map(), and address_space_unmap(), which ends the
 * translations of what was written. A QEMU with modules exports them. In a program that does not, vfio_stores_tell()
 * does nothing.
 */
#pragma once

#include "channel/request.h"
#include "vfio/vfio-memory.h"

/**
 * vfio_stores_tell:
 * @memory: of the guest
 * @request: its program must be one that channel_translate() made for the guest
 *
 * Only for a thread in which QEMU has called the library, and so holds its big lock.
 */
void vfio_stores_tell(VfioMemory *memory, const CcwCmdRequest *request);
