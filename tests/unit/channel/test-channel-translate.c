/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Golden tests of the translation: tests/channeldata/NAME.in has a guest's storage and an ORB, NAME.out has the
 * resulting program or IRB. LIBVIRT_CCW_REGENERATE=1 writes the outputs anew; read the diff.
 *
 * Lines of an input (numbers are hexadecimal, # begins a comment):
 *   piece ADDRESS SIZE [ro]     storage of the guest
 *   at ADDRESS: BYTES ...       the bytes at an address
 *   orb WORD WORD WORD
 *   resume                      the program was suspended before the CCW at the ORB's address
 */
#include <stdio.h>
#include <string.h>

#include "channel-guest.h"
#include "util/endian.h"

static const char *data_dir;

static void put_bytes(ChannelGuest *guest, guint64 address, const char *hex)
{
    for (guint nibbles = 0; *hex && *hex != '#'; hex++) {
        guint8 *at;

        if (g_ascii_isspace(*hex))
            continue;
        g_assert_cmpint(g_ascii_xdigit_value(*hex), >=, 0);
        at = channel_guest_at(guest, address + nibbles / 2);
        *at = (guint8)(*at << 4 | g_ascii_xdigit_value(*hex));
        nibbles++;
    }
}

static void read_line(ChannelGuest *guest, const char *line, guint8 orb[CHANNEL_ORB_SIZE],
                      guint8 scsw[CHANNEL_SCSW_SIZE])
{
    unsigned long long address, size;
    unsigned int words[3];
    char ro[3] = "";
    int used = 0;

    if (sscanf(line, "piece %llx %llx %2s", &address, &size, ro) >= 2) {
        channel_guest_add(guest, address, size)->read_only = !strcmp(ro, "ro");
    } else if (sscanf(line, "at %llx:%n", &address, &used) == 1 && used) {
        put_bytes(guest, address, line + used);
    } else if (sscanf(line, "orb %x %x %x", &words[0], &words[1], &words[2]) == 3) {
        for (guint i = 0; i < 3; i++)
            ccw_store_be32(orb + i * 4, words[i]);
    } else if (!strcmp(line, "resume")) {
        ccw_store_be16(scsw + CHANNEL_SCSW_OFS_CTL,
                       CHANNEL_SCSW_FCTL_START | CHANNEL_SCSW_ACTL_RESUME_PENDING | CHANNEL_SCSW_ACTL_SUSPENDED);
    } else {
        g_assert_true(*line == '\0' || *line == '#');
    }
}

static void print_address(GString *out, const ChannelGuest *guest, guint64 host)
{
    guint64 address = 0;

    g_assert_true(channel_guest_find(guest, host, 1, &address));
    g_string_append_printf(out, " %08" G_GINT64_MODIFIER "x", address);
}

static void print_data(GString *out, const ChannelGuest *guest, const ChannelProgram *program, guint i, guint block)
{
    const guint8 *ccw = program->ccw[i];
    guint left = ccw_load_be16(ccw + CCW_OFS_COUNT);
    const guint64 *list = (const guint64 *)(guintptr)program->cda[i];

    if (program->cda[i] == 0) {
        g_string_append(out, " no data");
    } else if (ccw[CCW_OFS_FLAGS] & CCW_FLAG_IDA) {
        g_string_append(out, " list");
        for (guint n = 0; left; n++) {
            if (list[n] == 0) {
                g_string_append(out, " nothing");
                break;
            }
            print_address(out, guest, list[n]);
            left -= MIN(left, block - (guint)(list[n] & (block - 1)));
        }
    } else {
        g_string_append(out, " data");
        print_address(out, guest, program->cda[i]);
    }
}

static void print_program(GString *out, const ChannelGuest *guest, const ChannelTranslation *t,
                          const CcwCmdRequest *request)
{
    const ChannelProgram *program = (const ChannelProgram *)(guintptr)request->program;
    guint32 orb = ccw_load_be32(request->orb + CHANNEL_ORB_OFS_FLAGS);

    g_string_append_printf(out, "program: %u CCWs, orb %08x\n", request->ccw_count, orb);
    for (guint i = 0; i < request->ccw_count; i++) {
        const guint8 *ccw = program->ccw[i];
        guint8 irb[CHANNEL_IRB_SIZE] = { 0 };

        ccw_store_be32(irb + CHANNEL_SCSW_OFS_CPA, (i + 1) * CCW_SIZE);
        irb[CHANNEL_SCSW_OFS_CSTAT] = CHANNEL_CSTAT_PROGRAM_CHECK;
        channel_translation_map_irb(t, irb);
        g_string_append_printf(out, "%3u: %02x %02x %04x cpa %08x", i, ccw[CCW_OFS_CMD], ccw[CCW_OFS_FLAGS],
                               ccw_load_be16(ccw + CCW_OFS_COUNT), ccw_load_be32(irb + CHANNEL_SCSW_OFS_CPA));
        if (ccw[CCW_OFS_CMD] == CCW_CMD_TIC)
            g_string_append_printf(out, " to %u", ccw_load_be32(ccw + CCW_OFS_CDA) / CCW_SIZE);
        else
            print_data(out, guest, program, i,
                       (orb & (CHANNEL_ORB_C64 | CHANNEL_ORB_T2K)) == CHANNEL_ORB_C64 ? 4096 : 2048);
        if (irb[CHANNEL_SCSW_OFS_CSTAT] == CHANNEL_CSTAT_PROTECTION_CHECK)
            g_string_append(out, " protected");
        g_string_append_c(out, '\n');
    }
}

static char *translate(const char *input)
{
    g_auto(GStrv) lines = g_strsplit(input, "\n", -1);
    g_autoptr(ChannelTranslation) t = channel_translation_new();
    g_auto(ChannelGuest) guest = { 0 };
    guint8 orb[CHANNEL_ORB_SIZE] = { 0 };
    guint8 scsw[CHANNEL_SCSW_SIZE] = { 0, 0, 0x40, 0 };
    GString *out = g_string_new(NULL);
    CcwCmdRequest request;

    channel_guest_init(&guest);
    for (guint i = 0; lines[i]; i++)
        read_line(&guest, lines[i], orb, scsw);

    switch (channel_translate(t, &guest.memory, orb, scsw, &request)) {
    case CHANNEL_TRANSLATED:
        g_assert_cmpstr(channel_guest_check(&guest, &request), ==, NULL);
        g_assert_cmpmem(request.scsw, CHANNEL_SCSW_SIZE, scsw, CHANNEL_SCSW_SIZE);
        print_program(out, &guest, t, &request);
        break;
    case CHANNEL_TRANSLATE_STATUS:
        g_string_append(out, "scsw:");
        for (guint i = 0; i < CHANNEL_SCSW_SIZE; i++)
            g_string_append_printf(out, "%s%02x", i % 4 ? "" : " ", request.irb[i]);
        g_string_append_c(out, '\n');
        break;
    }
    return g_string_free(out, FALSE);
}

static void test_golden(gconstpointer name)
{
    g_autofree char *in = g_strdup_printf("%s/%s.in", data_dir, (const char *)name);
    g_autofree char *out = g_strdup_printf("%s/%s.out", data_dir, (const char *)name);
    g_autofree char *input = NULL, *expected = NULL, *result = NULL;

    g_assert_true(g_file_get_contents(in, &input, NULL, NULL));
    result = translate(input);
    if (g_strcmp0(g_getenv("LIBVIRT_CCW_REGENERATE"), "1") == 0)
        g_assert_true(g_file_set_contents(out, result, -1, NULL));
    g_assert_true(g_file_get_contents(out, &expected, NULL, NULL));
    g_assert_cmpstr(result, ==, expected);
}

int main(int argc, char **argv)
{
    g_autoptr(GDir) dir = NULL;
    const char *file;
    guint found = 0;

    g_test_init(&argc, &argv, NULL);
    data_dir = g_getenv("CCW_TEST_DATA");
    g_assert_nonnull(data_dir);
    dir = g_dir_open(data_dir, 0, NULL);
    g_assert_nonnull(dir);
    while ((file = g_dir_read_name(dir))) {
        if (g_str_has_suffix(file, ".in")) {
            g_autofree char *name = g_strndup(file, strlen(file) - strlen(".in"));
            g_autofree char *path = g_strdup_printf("/channel/golden/%s", name);

            g_test_add_data_func_full(path, g_steal_pointer(&name), test_golden, g_free);
            found++;
        }
    }
    g_assert_cmpuint(found, >, 0);
    return g_test_run();
}
