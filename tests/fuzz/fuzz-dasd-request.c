/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Channel programs against a 3390 of one cylinder. The input is a list of CCWs with 24 bytes of parameters each; a
 * command code of 0 lays the parameters over track 1 of the image, so that hostile tracks come up, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-device.h"
#include "util/ccw-endian.h"

#define STEP_SIZE 28 /* command, flags, count, parameters */
#define BUFFER_SIZE 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint8 buffers[CCW_PROGRAM_MAX][BUFFER_SIZE];

static int make_image(void)
{
    guint8 header[DASD_CKD_HEADER_SIZE] = DASD_CKD_MAGIC;
    int fd = memfd_create("image", MFD_CLOEXEC);

    ccw_store_le32(header + DASD_CKD_OFS_HEADS, DASD_3390_HEADS);
    ccw_store_le32(header + DASD_CKD_OFS_TRACK_SIZE, DASD_3390_TRACK_SIZE);
    header[DASD_CKD_OFS_TYPE] = 0x90;
    if (fd < 0 || ftruncate(fd, DASD_CKD_HEADER_SIZE + DASD_3390_HEADS * DASD_3390_TRACK_SIZE) < 0 ||
        pwrite(fd, header, sizeof(header), 0) != sizeof(header))
        abort();
    return fd;
}

static void add_ccw(CcwProgram *program, guint32 i, const guint8 *step)
{
    guint8 *ccw = program->ccw[i];
    guint16 count = ccw_load_be16(step + CCW_OFS_COUNT) % (BUFFER_SIZE + 1);

    memcpy(ccw, step, 2);
    memcpy(buffers[i], step + 4, STEP_SIZE - 4);
    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC) {
        ccw_store_be32(ccw + CCW_OFS_CDA, count % CCW_PROGRAM_MAX * CCW_SIZE);
        return;
    }
    ccw[CCW_OFS_FLAGS] &= (guint8)~CCW_FLAG_IDA; /* lists are trusted to be of this process */
    ccw_store_be16(ccw + CCW_OFS_COUNT, count);
    ccw_store_be32(ccw + CCW_OFS_CDA, CCW_PROGRAM_CDA_OFS + i * 8);
    program->cda[i] = (guint64)(gsize)buffers[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    g_autoptr(DasdDevice) device = NULL;
    CcwProgram program = { 0 };
    CcwCmdRequest request = { .argsz = sizeof(request), .program = (guint64)(gsize)&program };
    off_t at = DASD_CKD_HEADER_SIZE + DASD_3390_TRACK_SIZE;
    int fd = make_image();

    for (; size >= STEP_SIZE && request.ccw_count < CCW_PROGRAM_MAX; data += STEP_SIZE, size -= STEP_SIZE) {
        if (data[0] == 0)
            at += MAX(pwrite(fd, data + 4, STEP_SIZE - 4, at), 0);
        else
            add_ccw(&program, request.ccw_count++, data);
    }
    device = dasd_device_new(fd, &config, NULL);
    if (!device)
        abort();
    dasd_device_request(device, &request);
    return 0;
}
