/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Fuzzes channel programs on a 3390-1. The input is a list of steps: a CCW's command, flags and count (two bytes; for a
 * transfer in channel the index of its target), the number of bytes with which its storage begins, and these. Command 0
 * is no CCW: with flags 0 its bytes are laid over track 1 of the image, so that there are hostile tracks, too; with
 * other flags the program runs, and the next one begins. The seeds are programs of a real Linux (record-seeds).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dasd/dasd-ckd.h"
#include "dasd/dasd-device.h"
#include "util/endian.h"

#define STEP_SIZE 5       /* without the bytes */
#define BUFFER_SIZE 65536 /* any count fits */
#define CYLINDERS 1113

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint8 buffers[CHANNEL_PROGRAM_MAX][BUFFER_SIZE];

static int make_image(void)
{
    guint8 header[DASD_CKD_HEADER_SIZE] = DASD_CKD_MAGIC;
    int fd = memfd_create("image", MFD_CLOEXEC);

    ccw_store_le32(header + DASD_CKD_OFS_HEADS, DASD_3390_HEADS);
    ccw_store_le32(header + DASD_CKD_OFS_TRACK_SIZE, DASD_3390_TRACK_SIZE);
    header[DASD_CKD_OFS_TYPE] = 0x90;
    if (fd < 0 || ftruncate(fd, DASD_CKD_HEADER_SIZE + (off_t)CYLINDERS * DASD_3390_HEADS * DASD_3390_TRACK_SIZE) < 0 ||
        pwrite(fd, header, sizeof(header), 0) != sizeof(header))
        abort();
    return fd;
}

static void add_ccw(ChannelProgram *program, guint32 i, const guint8 *step)
{
    guint8 *ccw = program->ccw[i];
    guint16 count = ccw_load_be16(step + CCW_OFS_COUNT);

    memcpy(ccw, step, 4);
    memcpy(buffers[i], step + STEP_SIZE, step[STEP_SIZE - 1]);
    if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC) {
        ccw_store_be32(ccw + CCW_OFS_CDA, count % CHANNEL_PROGRAM_MAX * CCW_SIZE);
        return;
    }
    ccw[CCW_OFS_FLAGS] &= (guint8)~CCW_FLAG_IDA; /* the device trusts lists to be of this process */
    ccw_store_be32(ccw + CCW_OFS_CDA, CHANNEL_PROGRAM_CDA_OFS + i * 8);
    program->cda[i] = (guint64)(gsize)buffers[i];
}

/* The same input must have the same result again. */
static void clean_buffers(const ChannelProgram *program, guint32 n)
{
    for (guint32 i = 0; i < n; i++)
        memset(buffers[i], 0, MAX(ccw_load_be16(program->ccw[i] + CCW_OFS_COUNT), 256));
}

static void run(DasdDevice *device, ChannelProgram *program, guint32 n)
{
    CcwCmdRequest request = { .argsz = sizeof(request), .ccw_count = n, .program = (guint64)(gsize)program };

    dasd_device_request(device, &request);
    clean_buffers(program, n);
    memset(program, 0, sizeof(*program));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const DasdDeviceConfig config = { .bus_id = { 0, 0, 0x1234 } };
    off_t at = DASD_CKD_HEADER_SIZE + DASD_3390_TRACK_SIZE;
    int fd = make_image();
    g_autoptr(DasdDevice) device = dasd_device_new(fd, &config, NULL);
    ChannelProgram program = { 0 };
    guint32 n = 0;

    if (!device)
        abort();
    for (gsize step; size >= STEP_SIZE; data += step, size -= step) {
        step = STEP_SIZE + data[STEP_SIZE - 1];
        if (step > size)
            break;
        if (data[0] == 0 && data[1] == 0) {
            ssize_t written = pwrite(fd, data + STEP_SIZE, step - STEP_SIZE, at);

            at += MAX(written, 0);
        } else if (data[0] != 0 && n < CHANNEL_PROGRAM_MAX)
            add_ccw(&program, n++, data);
        else if (n > 0) {
            run(device, &program, n);
            n = 0;
        }
    }
    if (n > 0)
        run(device, &program, n);
    return 0;
}
