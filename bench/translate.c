/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Times the translation of a channel program, and a memcpy of the same bytes in the same run. README.md says which
 * bytes these are. Prints the fastest of many batches, so that other work of the machine does not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "channel/translate-private.h"
#include "util/endian.h"

#define STORAGE 0x800000u
#define CODE 0x1000u     /* CCWs at the start of a page, and so of a cache line */
#define CODE_ODD 0x1008u /* CCWs at a multiple of 8 only */
#define LISTS 0x10000u
#define DATA 0x100000u
#define IDAWS 4 /* for each CCW of the second table: 16 KiB */
#define BATCHES 400
#define BATCH_NS 20000 /* the intended time of a batch */

static guint8 *storage;

static guint8 *map(void *opaque G_GNUC_UNUSED, guint64 address, gsize length, gboolean write G_GNUC_UNUSED,
                   gsize *ret_length)
{
    if (address >= STORAGE)
        return NULL;
    *ret_length = MIN(length, STORAGE - address);
    return storage + address;
}

static const ChannelMemory memory = { .map = map };
static ChannelTranslation *translation;
static guint8 orb[CHANNEL_ORB_SIZE];
static guint32 code;

static void make_chain(guint n, gboolean idal)
{
    ccw_store_be32(orb + CHANNEL_ORB_OFS_CPA, code);
    for (guint i = 0; i < n; i++) {
        guint8 *ccw = storage + code + i * CCW_SIZE;
        guint32 data = DATA + i * 0x4000, list = LISTS + i * IDAWS * 8;

        ccw[CCW_OFS_CMD] = i & 1 ? 0x86 : 0x85;
        ccw[CCW_OFS_FLAGS] = (guint8)((i + 1 < n ? CCW_FLAG_CC : 0) | (idal ? CCW_FLAG_IDA : 0));
        ccw_store_be16(ccw + CCW_OFS_COUNT, idal ? IDAWS * 4096 : 4096);
        ccw_store_be32(ccw + CCW_OFS_CDA, idal ? list : data);
        for (guint k = 0; idal && k < IDAWS; k++)
            ccw_store_be64(storage + list + k * 8, data + (k ^ 1) * 0x1000);
    }
}

static void translate(guint n G_GNUC_UNUSED, guint idaws G_GNUC_UNUSED)
{
    static const guint8 scsw[CHANNEL_SCSW_SIZE];
    CcwCmdRequest request;

    if (channel_translate(translation, &memory, orb, scsw, &request) != CHANNEL_TRANSLATED)
        abort();
}

/* Copies CCWs to CCWs, as many bytes of addresses to cda entries, IDAWs to lists. */
static void copy(guint n, guint idaws)
{
    static ChannelProgram program __attribute__((aligned(CHANNEL_PROGRAM_SIZE))); /* aligned as the translation's */
    static guint64 lists[CHANNEL_PROGRAM_MAX * IDAWS];

    memcpy(program.ccw, storage + code, n * CCW_SIZE);
    memcpy(program.cda, storage + code, n * sizeof(guint64));
    if (idaws)
        memcpy(lists, storage + LISTS, n * idaws * sizeof(guint64));
    __asm__ volatile("" : : "r"(&program), "r"(lists) : "memory");
}

/* Moves the data itself, as the device and the guest do in addition. */
static void copy_data(guint n, guint idaws)
{
    static guint8 data[CHANNEL_PROGRAM_MAX * IDAWS * 4096];

    memcpy(data, storage + DATA, (gsize)n * MAX(idaws, 1) * 4096);
    __asm__ volatile("" : : "r"(data) : "memory");
}

static gint64 now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * G_GINT64_CONSTANT(1000000000) + time.tv_nsec;
}

/* Returns the nanoseconds of one call. */
static double measure(void (*work)(guint n, guint idaws), guint n, guint idaws)
{
    double best = G_MAXDOUBLE;
    guint calls = 1;
    gint64 start;

    work(n, idaws);
    start = now();
    for (work(n, idaws); now() - start < BATCH_NS && calls < 1000; calls++)
        work(n, idaws);
    for (guint batch = 0; batch < BATCHES; batch++) {
        double took;

        start = now();
        for (guint i = 0; i < calls; i++)
            work(n, idaws);
        took = (double)(now() - start) / calls;
        best = MIN(best, took);
    }
    return best;
}

static void print_table(const char *title, guint32 cpa, guint idaws)
{
    code = cpa;
    printf("%s\n%5s %12s %10s", title, "CCWs", "translate ns", "ns a CCW");
    if (idaws)
        printf(" %10s", "ns an IDAW");
    printf(" %10s %8s %10s %8s\n", "memcpy ns", "ratio", "of data ns", "ratio");
    for (guint n = 1; n <= CHANNEL_PROGRAM_MAX; n *= 2) {
        double translated, copied, moved;

        make_chain(n, idaws > 0);
        translated = measure(translate, n, idaws);
        copied = measure(copy, n, idaws);
        moved = measure(copy_data, n, idaws);
        printf("%5u %12.0f %10.2f", n, translated, translated / n);
        if (idaws)
            printf(" %10.2f", translated / n / idaws);
        printf(" %10.0f %8.1f %10.0f %8.3f\n", copied, translated / copied, moved, translated / moved);
    }
    printf("\n");
}

/* The portable modes, which other machines use. */
static void print_modes(void)
{
    static const char *names[] = { "none taken for plain", "singly", "AVX2", "AVX-512" };

    make_chain(CHANNEL_PROGRAM_MAX, FALSE);
    printf("%u direct CCWs in each mode of this machine\n", CHANNEL_PROGRAM_MAX);
    for (ChannelPlainMode mode = CHANNEL_PLAIN_OFF; mode <= CHANNEL_PLAIN_AVX512; mode++)
        if (channel_translate_plain_set_mode(translation, mode))
            printf("%20s %8.0f ns\n", names[mode], measure(translate, CHANNEL_PROGRAM_MAX, 0));
}

int main(void)
{
    storage = aligned_alloc(4096, STORAGE);
    memset(storage, 0, STORAGE);
    translation = channel_translation_new();
    ccw_store_be32(orb + CHANNEL_ORB_OFS_FLAGS, CHANNEL_ORB_FORMAT1 | CHANNEL_ORB_PREFETCH | CHANNEL_ORB_C64);
    print_table("direct, 4096 bytes each, CCWs at a multiple of 8", CODE_ODD, 0);
    print_table("direct, 4096 bytes each, CCWs at a page's start", CODE, 0);
    print_table("IDAL, 4 IDAWs of 4096 bytes each, CCWs at a page's start", CODE, IDAWS);
    print_modes();
    channel_translation_free(translation);
    free(storage);
    return 0;
}
