/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells QEMU which storage of the guest a device has changed. An emulated processor (TCG) keeps the translation of the
 * guest's code. QEMU knows nothing of the writes of a VFIO device, so the guest would run old code where a new one was
 * read from the disk. With KVM, QEMU translates no code.
 *
 * QEMU has two functions for the DMA of its own devices: address_space_map(), and address_space_unmap(), which
 * discards the translations of code in the storage that was written. A QEMU that is built with modules exports them.
 * In another QEMU that emulates the processor, the library writes one line about it, and the danger remains.
 *
 * Programs of the dedicated request (vfio_subchannel_request()) are not told: no QEMU of a distribution uses it.
 */
#pragma once

#include "channel/request.h"
#include "vfio/vfio-memory.h"

/**
 * vfio_stores_tell:
 * @memory: of the guest
 * @request: its program must be one that channel_translate() made for the guest
 *
 * Call this only in a thread in which QEMU called the library: such a thread holds QEMU's big lock, and is registered
 * with its RCU.
 */
void vfio_stores_tell(VfioMemory *memory, const CcwCmdRequest *request);
