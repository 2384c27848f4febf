/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of commands. IBM 3990 Storage Control Reference (GA32-0099) names and codes; docs/dasd.md says how to add
 * one.
 */
#include "dasd/dasd-exec.h"

#define READS (DASD_OP_READ | DASD_OP_READ_ANY)
#define ID DASD_FOUND_ID
#define ID_OR_KEY (DASD_FOUND_ID | DASD_FOUND_KEY)
#define FOR_FORMAT (ID_OR_KEY | DASD_FOUND_FORMAT)

static const DasdCmd commands[] = {
    /* Path and identity: dasd-cmd-path.c */
    { 0x03, "NO-OPERATION", dasd_cmd_noop, 0, DASD_CMD_IMMEDIATE | DASD_CMD_KEEPS_SENSE },
    { 0x04, "SENSE", dasd_cmd_sense, 0, DASD_CMD_KEEPS_SENSE },
    { 0x14, "UNCONDITIONAL RESERVE", dasd_cmd_reserve, 0, DASD_CMD_BEFORE_LIMITS | DASD_CMD_FIRST },
    { 0x34, "SENSE PATH GROUP ID", dasd_cmd_sense_path_group_id, 0, DASD_CMD_FIRST | DASD_CMD_LAST },
    { 0x44, "RESET ALLEGIANCE", dasd_cmd_reset_allegiance, 0, DASD_CMD_FIRST },
    { 0x5b, "SUSPEND MULTIPATH RECONNECTION", dasd_cmd_noop, 0, DASD_CMD_IMMEDIATE },
    { 0x94, "DEVICE RELEASE", dasd_cmd_release, 0, DASD_CMD_BEFORE_LIMITS },
    { 0xaf, "SET PATH GROUP ID", dasd_cmd_set_path_group_id, 12, DASD_CMD_FIRST | DASD_CMD_LAST },
    { 0xb4, "DEVICE RESERVE", dasd_cmd_reserve, 0, DASD_CMD_BEFORE_LIMITS | DASD_CMD_FIRST },
    { 0xe4, "SENSE ID", dasd_cmd_sense_id },
    /* The subsystem: dasd-cmd-subsystem.c */
    { 0x27, "PERFORM SUBSYSTEM FUNCTION", dasd_cmd_subsystem_function, 2 },
    { 0x3e, "READ SUBSYSTEM DATA", dasd_cmd_read_subsystem_data },
    { 0x54, "SENSE SUBSYSTEM STATUS", dasd_cmd_sense_subsystem_status, 0,
      DASD_CMD_FIRST | DASD_CMD_AFTER_IDENTITY | DASD_CMD_LAST },
    { 0x64, "READ DEVICE CHARACTERISTICS", dasd_cmd_read_characteristics },
    { 0xa4, "READ AND RESET BUFFERED LOG", dasd_cmd_read_buffered_log, 0, DASD_CMD_FIRST | DASD_CMD_AFTER_IDENTITY },
    { 0xf3, "DIAGNOSTIC CONTROL", dasd_cmd_diagnostic_control, 4 },
    { 0xf9, "RESET SUMMARY UNIT CHECK", dasd_cmd_reset_summary_unit_check, 1 },
    { 0xfa, "READ CONFIGURATION DATA", dasd_cmd_read_configuration },
    /* Position: dasd-cmd-seek.c */
    { 0x07, "SEEK", dasd_cmd_seek, 6 },
    { 0x0b, "SEEK CYLINDER", dasd_cmd_seek, 6 },
    { 0x1b, "SEEK HEAD", dasd_cmd_seek, 6, DASD_CMD_PLACED },
    { 0x1f, "SET FILE MASK", dasd_cmd_set_file_mask, 1, DASD_CMD_BEFORE_LIMITS },
    { 0x22, "READ SECTOR", dasd_cmd_read_sector },
    { 0x23, "SET SECTOR", dasd_cmd_set_sector, 1, DASD_CMD_PLACED },
    { 0x29, "SEARCH KEY EQUAL", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xa9, "SEARCH KEY EQUAL, MT", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0x49, "SEARCH KEY HIGH", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xc9, "SEARCH KEY HIGH, MT", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0x69, "SEARCH KEY EQUAL OR HIGH", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xe9, "SEARCH KEY EQUAL OR HIGH, MT", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0x31, "SEARCH ID EQUAL", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xb1, "SEARCH ID EQUAL, MT", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0x51, "SEARCH ID HIGH", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xd1, "SEARCH ID HIGH, MT", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0x71, "SEARCH ID EQUAL OR HIGH", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xf1, "SEARCH ID EQUAL OR HIGH, MT", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0x39, "SEARCH HOME ADDRESS", dasd_cmd_search_home, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { 0xb9, "SEARCH HOME ADDRESS, MT", dasd_cmd_search_home, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    /* Extents and domains: dasd-cmd-locate.c */
    { 0x63, "DEFINE EXTENT", dasd_cmd_define_extent, 16, DASD_CMD_BEFORE_LIMITS },
    { 0x47, "LOCATE RECORD", dasd_cmd_locate_record, 16, DASD_CMD_OPENS_DOMAIN },
    { 0x4b, "LOCATE RECORD EXTENDED", dasd_cmd_locate_record_extended, 20, DASD_CMD_OPENS_DOMAIN },
    { 0xe7, "PREFIX", dasd_cmd_prefix, 64, DASD_CMD_OPENS_DOMAIN | DASD_CMD_BEFORE_LIMITS },
    /* Reading: dasd-cmd-read.c */
    { 0x02, "READ IPL", dasd_cmd_read_ipl, 0, DASD_CMD_BEFORE_LIMITS },
    { 0x06, "READ DATA", dasd_cmd_read_data, 0, DASD_CMD_PLACED, READS, 0, ID_OR_KEY },
    { 0x86, "READ DATA, MT", dasd_cmd_read_data, 0, DASD_CMD_PLACED, READS, 0, ID_OR_KEY },
    { 0x0e, "READ KEY AND DATA", dasd_cmd_read_key_data, 0, DASD_CMD_PLACED, READS, 0, ID },
    { 0x8e, "READ KEY AND DATA, MT", dasd_cmd_read_key_data, 0, DASD_CMD_PLACED, READS, 0, ID },
    { 0x12, "READ COUNT", dasd_cmd_read_count, 0, DASD_CMD_SCAN | DASD_CMD_PLACED, READS },
    { 0x92, "READ COUNT, MT", dasd_cmd_read_count, 0, DASD_CMD_SCAN | DASD_CMD_PLACED, READS },
    { 0x1e, "READ COUNT, KEY AND DATA", dasd_cmd_read_ckd, 0, DASD_CMD_PLACED, READS },
    { 0x9e, "READ COUNT, KEY AND DATA, MT", dasd_cmd_read_ckd, 0, DASD_CMD_PLACED, READS },
    { 0x5e, "READ MULTIPLE COUNT, KEY AND DATA", dasd_cmd_read_multiple, 0, DASD_CMD_PLACED },
    { 0x0a, "READ SPECIAL HOME ADDRESS", dasd_cmd_read_special_home, 0, DASD_CMD_PLACED, READS },
    { 0x1a, "READ HOME ADDRESS", dasd_cmd_read_home, 0, DASD_CMD_PLACED, READS },
    { 0x9a, "READ HOME ADDRESS, MT", dasd_cmd_read_home, 0, DASD_CMD_PLACED, READS },
    { 0x16, "READ R0", dasd_cmd_read_r0, 0, DASD_CMD_PLACED, READS },
    { 0x96, "READ R0, MT", dasd_cmd_read_r0, 0, DASD_CMD_PLACED, READS },
    { 0xde, "READ TRACK", dasd_cmd_read_track, 0, DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_READ_TRACKS },
    { 0xa6, "READ TRACK DATA", dasd_cmd_read_track_data, 0, DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_READ_TRACKS },
    /* Writing: dasd-cmd-write.c */
    { 0x05, "WRITE DATA", dasd_cmd_write_data, 1, DASD_CMD_UPDATE | DASD_CMD_PLACED | DASD_CMD_AT_ONCE,
      DASD_OP_WRITE | DASD_OP_WRITE_TRACK, ID_OR_KEY, ID_OR_KEY },
    { 0x85, "WRITE UPDATE DATA", dasd_cmd_write_data, 1, DASD_CMD_UPDATE | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED,
      DASD_OP_WRITE },
    { 0x0d, "WRITE KEY AND DATA", dasd_cmd_write_key_data, 1, DASD_CMD_UPDATE | DASD_CMD_PLACED | DASD_CMD_AT_ONCE,
      DASD_OP_WRITE, ID, ID },
    { 0x8d, "WRITE UPDATE KEY AND DATA", dasd_cmd_write_key_data, 1,
      DASD_CMD_UPDATE | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_WRITE },
    { 0x1d, "WRITE COUNT, KEY AND DATA", dasd_cmd_write_ckd, 1, DASD_CMD_FORMAT | DASD_CMD_PLACED,
      DASD_OP_FORMAT | DASD_OP_WRITE_TRACK, FOR_FORMAT },
    { 0x9d, "WRITE COUNT, KEY AND DATA NEXT TRACK", dasd_cmd_write_ckd, 1,
      DASD_CMD_FORMAT | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_FORMAT },
    { 0x15, "WRITE R0", dasd_cmd_write_r0, 8, DASD_CMD_FORMAT | DASD_CMD_R0 | DASD_CMD_PLACED | DASD_CMD_AT_ONCE,
      DASD_OP_FORMAT, DASD_FOUND_HOME },
    { 0x11, "ERASE", dasd_cmd_erase, 8, DASD_CMD_FORMAT | DASD_CMD_PLACED, DASD_OP_WRITE_TRACK, FOR_FORMAT },
    { 0xa5, "WRITE TRACK DATA", dasd_cmd_write_track_data, 1, DASD_CMD_UPDATE | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED,
      DASD_OP_WRITE_TRACK_DATA },
    { 0x95, "WRITE FULL TRACK", dasd_cmd_write_full_track, 8,
      DASD_CMD_FORMAT | DASD_CMD_R0 | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_WRITE_FULL_TRACK },
};

const DasdCmd *dasd_cmd_find(guint8 code)
{
    for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
        if (commands[i].code == code)
            return &commands[i];
    return NULL;
}
