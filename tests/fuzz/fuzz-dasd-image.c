/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzzes headers, labels and tracks. The input is the start of an image. The rest of its cylinder is a hole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dasd/dasd-image.h"
#include "dasd/dasd-volume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t limit = DASD_CKD_HEADER_SIZE + DASD_3390_HEADS * DASD_3390_TRACK_SIZE;
    int fd = memfd_create("image", MFD_CLOEXEC);
    DasdVolume *volume;
    DasdImageInfo info;

    if (fd < 0 || ftruncate(fd, (off_t)limit) < 0 || (size && pwrite(fd, data, MIN(size, limit), 0) < 0))
        abort();
    dasd_image_probe(fd, "image", &info, NULL);
    volume = dasd_volume_new(fd, 1, FALSE);
    for (guint32 i = 0; i < DASD_3390_HEADS; i++) {
        const DasdTrack *track = dasd_volume_load(volume, i);

        for (guint32 k = 0; k < track->n_records; k++)
            if (track->records[k].offset + dasd_record_size(&track->records[k]) > track->end)
                abort();
    }
    dasd_volume_free(volume);
    return 0;
}
