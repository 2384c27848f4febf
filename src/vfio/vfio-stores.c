/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-stores.h. */
#include "vfio/vfio-stores.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>

#include "channel/stores.h"

/* QEMU's include/exec/memory.h. Its MemTxAttrs is a structure of at most 8 bytes, passed as one number; 0: no attributes. */
typedef void *(*MapFunc)(void *space, guint64 address, guint64 *length, bool is_write, guint64 attributes);
typedef void (*UnmapFunc)(void *space, void *host, guint64 length, bool is_write, guint64 written);

static struct {
    void *space; /* the guest's storage; NULL: this is not such a QEMU */
    MapFunc map;
    UnmapFunc unmap;
} emulator;

/* A pointer to a function, which a cast cannot make of one to an object. */
static gboolean resolve(const char *name, void *at)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);

    memcpy(at, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static gboolean has_emulator(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        if (resolve("address_space_map", &emulator.map) && resolve("address_space_unmap", &emulator.unmap))
            resolve("address_space_memory", &emulator.space);
        g_once_init_leave(&once, 1);
    }
    return emulator.space != NULL;
}

/* A mapping that is not the storage itself is a copy. Its unmap would store the copy, so it must not count as written. */
static void tell(gpointer opaque, guint8 *host, gsize length)
{
    VfioMemory *memory = opaque;
    guint64 address;

    while (length > 0 && vfio_memory_find(memory, host, &address)) {
        guint64 mapped = length;
        guint8 *at = emulator.map(emulator.space, address, &mapped, true, 0);

        if (!at || mapped == 0)
            return;
        emulator.unmap(emulator.space, at, mapped, true, at == host ? mapped : 0);
        host += mapped;
        length -= MIN(length, mapped);
    }
}

void vfio_stores_tell(VfioMemory *memory, const CcwCmdRequest *request)
{
    if (has_emulator())
        channel_stores_each(request, tell, memory);
}
