/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes the descriptors of a VFIO container, group and device: every ioctl with structures of any content and length,
 * reads and writes of the regions, the dedicated request with any program. Input: calls, each with a kind (one byte),
 * an argument (one byte), the number of bytes that follow (two, big-endian), and these.
 *
 * The input keeps to what QEMU itself guarantees: a structure is as long as its argsz, and all addresses of this
 * process are in one piece of storage.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel/request.h"
#include "dasd/dasd-image.h"
#include "util/endian.h"
#include "vfio/vfio-container.h"
#include "vfio/vfio-file.h"

#define UUID "cc390000-0001-8000-8000-000000001234"
#define CALL_SIZE 4
#define CALLS_MAX 64
#define STORAGE 0x20000
#define ARGUMENT_SIZE 4096

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    int container, group, device;
    guint8 *storage; /* page-aligned */
} Fuzz;

/* The offset of an address of this process in an ioctl's structure, which is replaced. */
static const struct {
    unsigned long request;
    gsize address_at; /* 0: there is no address */
} ioctls[] = {
    { VFIO_GET_API_VERSION, 0 },
    { VFIO_CHECK_EXTENSION, 0 },
    { VFIO_IOMMU_GET_INFO, 0 },
    { VFIO_IOMMU_MAP_DMA, G_STRUCT_OFFSET(struct vfio_iommu_type1_dma_map, vaddr) },
    { VFIO_IOMMU_UNMAP_DMA, 0 },
    { VFIO_GROUP_GET_STATUS, 0 },
    { VFIO_GROUP_UNSET_CONTAINER, 0 },
    { VFIO_DEVICE_GET_INFO, 0 },
    { VFIO_DEVICE_GET_REGION_INFO, 0 },
    { VFIO_DEVICE_GET_IRQ_INFO, 0 },
    { VFIO_DEVICE_SET_IRQS, 0 },
    { VFIO_DEVICE_RESET, 0 },
    { VFIO_DEVICE_CCW_CMD_REQUEST, G_STRUCT_OFFSET(CcwCmdRequest, program) },
};

static int call(int fd, unsigned long request, void *argument)
{
    VfioFile *file = vfio_file_get(fd);
    int result = file->ops->ioctl(file, request, argument);

    vfio_file_unref(file);
    return result;
}

static void must(int result)
{
    if (result < 0)
        abort();
}

static void open_all(Fuzz *fuzz)
{
    struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map),
                                            .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
                                            .size = STORAGE / 2 };

    fuzz->storage = mmap(NULL, STORAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fuzz->storage == MAP_FAILED)
        abort();
    must(fuzz->container = vfio_container_open());
    must(fuzz->group = vfio_group_open(0, FALSE, -1));
    must(call(fuzz->group, VFIO_GROUP_SET_CONTAINER, &fuzz->container));
    must(call(fuzz->container, VFIO_SET_IOMMU, (void *)VFIO_TYPE1v2_IOMMU));
    map.vaddr = (guint64)(guintptr)fuzz->storage;
    must(call(fuzz->container, VFIO_IOMMU_MAP_DMA, &map));
    must(fuzz->device = call(fuzz->group, VFIO_GROUP_GET_DEVICE_FD, (void *)UUID));
}

static void close_file(int fd)
{
    vfio_file_unref(vfio_file_remove(fd));
    close(fd);
}

/* The program's CCWs are the input's. Its addresses, and those of its lists, are moved into the storage. */
static ChannelProgram *make_program(const Fuzz *fuzz, const guint8 *bytes, gsize size)
{
    ChannelProgram *program = (ChannelProgram *)(fuzz->storage + STORAGE - sizeof(*program));
    guint64 *list = (guint64 *)(fuzz->storage + STORAGE / 2);

    memset(program, 0, sizeof(*program));
    memcpy(program->ccw, bytes, MIN(size, sizeof(program->ccw)));
    for (guint i = 0; i < 64; i++)
        list[i] = (guint64)(guintptr)fuzz->storage;
    for (guint i = 0; i < CHANNEL_PROGRAM_MAX; i++) {
        gboolean ida = program->ccw[i][CCW_OFS_FLAGS] & CCW_FLAG_IDA ? TRUE : FALSE;
        /* The 64 KiB from there on are in the storage. */
        guint64 at = ida ? (guint64)(guintptr)list : (guint64)(guintptr)fuzz->storage + i * 8;

        if (ccw_load_be32(program->ccw[i] + CCW_OFS_CDA) % 3)
            program->cda[i] = at;
    }
    return program;
}

static void one_ioctl(const Fuzz *fuzz, guint8 which, const guint8 *bytes, gsize size)
{
    const gsize n = which % G_N_ELEMENTS(ioctls);
    const int fds[] = { fuzz->container, fuzz->group, fuzz->device };
    gsize at = ioctls[n].address_at;
    g_autofree guint8 *argument = NULL;
    guint32 argsz;

    if (size < sizeof(argsz))
        return;
    /* A copy of the structure that ends where argsz says. */
    memcpy(&argsz, bytes, sizeof(argsz));
    argsz = MIN(argsz, ARGUMENT_SIZE);
    argument = g_malloc0(MAX(argsz, sizeof(argsz)));
    memcpy(argument, bytes, MIN(size, MAX(argsz, sizeof(argsz))));
    memcpy(argument, &argsz, sizeof(argsz));
    if (at && argsz >= at + sizeof(guint64)) {
        guint64 address = (guint64)(guintptr)fuzz->storage;

        if (ioctls[n].request == VFIO_DEVICE_CCW_CMD_REQUEST)
            address = (guint64)(guintptr)make_program(fuzz, bytes + MIN(size, argsz), size - MIN(size, argsz));
        memcpy(argument + at, &address, sizeof(address));
    }
    if (ioctls[n].request == VFIO_IOMMU_MAP_DMA && argsz >= sizeof(struct vfio_iommu_type1_dma_map)) {
        struct vfio_iommu_type1_dma_map *map = (void *)argument;

        map->size = MIN(map->size, STORAGE / 2);
    }
    /* Descriptors are the process's own; -1 removes one. */
    if (ioctls[n].request == VFIO_DEVICE_SET_IRQS && argsz >= sizeof(struct vfio_irq_set) + sizeof(gint32))
        memset(argument + sizeof(struct vfio_irq_set), 0xff, sizeof(gint32));
    call(fds[which / G_N_ELEMENTS(ioctls) % G_N_ELEMENTS(fds)], ioctls[n].request, argument);
}

static void move(const Fuzz *fuzz, guint8 where, gboolean write, const guint8 *bytes, gsize size)
{
    VfioFile *file = vfio_file_get(fuzz->device);
    guint64 offset = (guint64)(where >> 5) << 10 | (where & 31) * 4;
    g_autofree guint8 *buffer = g_memdup2(bytes, size);

    if (size && write)
        file->ops->pwrite(file, buffer, size, offset);
    else if (size)
        file->ops->pread(file, buffer, size, offset);
    vfio_file_unref(file);
}

int LLVMFuzzerInitialize(int *argc G_GNUC_UNUSED, char ***argv G_GNUC_UNUSED)
{
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "fuzz-vfio-device-XXXXXX", NULL);
    g_autofree char *devices = NULL;
    int fd = g_mkstemp(path);

    if (fd < 0 || close(fd) < 0 || unlink(path) < 0 || !dasd_image_create(path, NULL, 2, "FUZZ01", NULL))
        abort();
    devices = g_strdup_printf(UUID "=0.0.1234:%d:ro", open(path, O_RDONLY));
    unlink(path);
    vfio_source_set_environment(devices);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Fuzz fuzz;

    open_all(&fuzz);
    for (guint i = 0; i < CALLS_MAX && size >= CALL_SIZE; i++) {
        gsize length = MIN(ccw_load_be16(data + 2), size - CALL_SIZE);
        const guint8 *bytes = data + CALL_SIZE;

        if (data[0] % 4 == 0)
            one_ioctl(&fuzz, data[1], bytes, length);
        else if (data[0] % 4 == 1)
            memcpy(fuzz.storage + data[1] * 64, bytes, MIN(length, STORAGE / 4));
        else
            move(&fuzz, data[1], data[0] % 4 == 2, bytes, length);
        data += CALL_SIZE + length;
        size -= CALL_SIZE + length;
    }
    close_file(fuzz.device);
    close_file(fuzz.group);
    close_file(fuzz.container);
    munmap(fuzz.storage, STORAGE);
    return 0;
}
