/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vfio-stores.h. */
#include "vfio/vfio-stores.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "channel/stores.h"
#include "vfio/vfio-log.h"

#define PAGE_SIZE 4096

/*
 * QEMU's include/exec/memory.h, which newer releases have as include/system/memory.h. Its MemTxAttrs is a structure of
 * at most 8 bytes, passed as one number; 0: no attributes.
 */
typedef void *(*MapFunc)(void *space, guint64 address, guint64 *length, bool is_write, guint64 attributes);
typedef void (*UnmapFunc)(void *space, void *host, guint64 length, bool is_write, guint64 written);

static struct {
    void *space; /* the guest's storage; NULL: do not tell this process */
    MapFunc map;
    UnmapFunc unmap;
} emulator;

/* Stores the address of a symbol at @at. Copies it: ISO C does not cast an object pointer to a function pointer. */
static gboolean resolve(const char *name, void *at)
{
    void *symbol = dlsym(RTLD_DEFAULT, name);

    memcpy(at, &symbol, sizeof(symbol));
    return symbol != NULL;
}

/* Returns FALSE if the processor of this QEMU's guest is not emulated. A QEMU that does not say it may emulate it. */
static gboolean may_emulate(void)
{
    const bool *tcg_allowed = NULL;

    return !resolve("tcg_allowed", &tcg_allowed) || *tcg_allowed;
}

static void find_emulator(void)
{
    void *space;

    if (!may_emulate())
        return;
    if (resolve("address_space_memory", &space) && resolve("address_space_map", &emulator.map) &&
        resolve("address_space_unmap", &emulator.unmap))
        emulator.space = space;
    else if (access("/dev/kvm", R_OK | W_OK) < 0)
        vfio_log("this QEMU does not export address_space_map(): without KVM, a guest may run old code that it has "
                 "replaced from its DASD; use a QEMU that is built with --enable-modules");
}

static gboolean has_emulator(void)
{
    static gsize once;

    if (g_once_init_enter(&once)) {
        find_emulator();
        g_once_init_leave(&once, 1);
    }
    return emulator.space != NULL;
}

/*
 * Tells the storage from @host on. If QEMU maps something else than @host, it is usually a bounce buffer. Unmapping
 * that as written would store its contents into the guest, so 0 bytes count as written. Returns: how many bytes it has
 * told
 */
static guint64 tell_piece(guint8 *host, guint64 address, guint64 length)
{
    guint64 mapped = length;
    guint8 *at = emulator.map(emulator.space, address, &mapped, true, 0);

    if (!at)
        return 0;
    emulator.unmap(emulator.space, at, mapped, true, at == host ? mapped : 0);
    return mapped;
}

/* Storage that the guest has no more is skipped, by pages. */
static void tell(gpointer opaque, guint8 *host, gsize length)
{
    VfioMemory *memory = opaque;

    while (length > 0) {
        guint64 address, told = 0;

        if (vfio_memory_find(memory, host, &address))
            told = tell_piece(host, address, length);
        if (told == 0)
            told = PAGE_SIZE - (guintptr)host % PAGE_SIZE;
        host += told;
        length -= MIN(length, told);
    }
}

void vfio_stores_tell(VfioMemory *memory, const CcwCmdRequest *request)
{
    if (has_emulator())
        channel_stores_each(request, tell, memory);
}
