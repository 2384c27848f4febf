/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of commands. Names and codes are those of the IBM 3990 Storage Control Reference (GA32-0099). docs/dasd.md
 * says how to add a command.
 */
#include "dasd/dasd-cmd.h"

#include "dasd/dasd-chain.h"
#include "dasd/dasd-cmd-locate.h"
#include "dasd/dasd-cmd-path.h"
#include "dasd/dasd-cmd-read.h"
#include "dasd/dasd-cmd-seek.h"
#include "dasd/dasd-cmd-subsystem.h"
#include "dasd/dasd-cmd-write.h"
#include "dasd/dasd-codes.h"

#define READS (DASD_OP_READ | DASD_OP_READ_ANY)
#define ID DASD_FOUND_ID
#define ID_OR_KEY (DASD_FOUND_ID | DASD_FOUND_KEY)
#define FOR_FORMAT (ID_OR_KEY | DASD_FOUND_FORMAT)

static const DasdCmd commands[] = {
    /* Path and identity: dasd-cmd-path.c */
    { DASD_CODE_NO_OPERATION, "NO-OPERATION", dasd_cmd_noop, 0, DASD_CMD_IMMEDIATE | DASD_CMD_KEEPS_SENSE },
    { DASD_CODE_SENSE, "SENSE", dasd_cmd_sense, 0, DASD_CMD_KEEPS_SENSE },
    { DASD_CODE_UNCONDITIONAL_RESERVE, "UNCONDITIONAL RESERVE", dasd_cmd_reserve, 0,
      DASD_CMD_BEFORE_LIMITS | DASD_CMD_FIRST },
    { DASD_CODE_SENSE_PATH_GROUP_ID, "SENSE PATH GROUP ID", dasd_cmd_sense_path_group_id, 0,
      DASD_CMD_FIRST | DASD_CMD_LAST },
    { DASD_CODE_RESET_ALLEGIANCE, "RESET ALLEGIANCE", dasd_cmd_reset_allegiance, 0, DASD_CMD_FIRST },
    { DASD_CODE_SUSPEND_MULTIPATH_RECONNECTION, "SUSPEND MULTIPATH RECONNECTION", dasd_cmd_noop, 0,
      DASD_CMD_IMMEDIATE },
    { DASD_CODE_DEVICE_RELEASE, "DEVICE RELEASE", dasd_cmd_release, 0, DASD_CMD_BEFORE_LIMITS },
    { DASD_CODE_SET_PATH_GROUP_ID, "SET PATH GROUP ID", dasd_cmd_set_path_group_id, 12,
      DASD_CMD_FIRST | DASD_CMD_LAST },
    { DASD_CODE_DEVICE_RESERVE, "DEVICE RESERVE", dasd_cmd_reserve, 0, DASD_CMD_BEFORE_LIMITS | DASD_CMD_FIRST },
    { DASD_CODE_SENSE_ID, "SENSE ID", dasd_cmd_sense_id },
    /* The subsystem: dasd-cmd-subsystem.c */
    { DASD_CODE_PERFORM_SUBSYSTEM_FUNCTION, "PERFORM SUBSYSTEM FUNCTION", dasd_cmd_subsystem_function, 2 },
    { DASD_CODE_READ_SUBSYSTEM_DATA, "READ SUBSYSTEM DATA", dasd_cmd_read_subsystem_data },
    { DASD_CODE_SENSE_SUBSYSTEM_STATUS, "SENSE SUBSYSTEM STATUS", dasd_cmd_sense_subsystem_status, 0,
      DASD_CMD_FIRST | DASD_CMD_AFTER_IDENTITY | DASD_CMD_LAST },
    { DASD_CODE_READ_DEVICE_CHARACTERISTICS, "READ DEVICE CHARACTERISTICS", dasd_cmd_read_characteristics },
    { DASD_CODE_READ_AND_RESET_BUFFERED_LOG, "READ AND RESET BUFFERED LOG", dasd_cmd_read_buffered_log, 0,
      DASD_CMD_FIRST | DASD_CMD_AFTER_IDENTITY },
    { DASD_CODE_DIAGNOSTIC_CONTROL, "DIAGNOSTIC CONTROL", dasd_cmd_diagnostic_control, 4 },
    { DASD_CODE_RESET_SUMMARY_UNIT_CHECK, "RESET SUMMARY UNIT CHECK", dasd_cmd_reset_summary_unit_check, 1 },
    { DASD_CODE_READ_CONFIGURATION_DATA, "READ CONFIGURATION DATA", dasd_cmd_read_configuration },
    /* Position: dasd-cmd-seek.c */
    { DASD_CODE_SEEK, "SEEK", dasd_cmd_seek, 6, DASD_CMD_SEEK },
    { DASD_CODE_SEEK_CYLINDER, "SEEK CYLINDER", dasd_cmd_seek, 6, DASD_CMD_SEEK },
    { DASD_CODE_SEEK_HEAD, "SEEK HEAD", dasd_cmd_seek, 6, DASD_CMD_SEEK | DASD_CMD_PLACED },
    { DASD_CODE_SET_FILE_MASK, "SET FILE MASK", dasd_cmd_set_file_mask, 1, DASD_CMD_BEFORE_LIMITS },
    { DASD_CODE_READ_SECTOR, "READ SECTOR", dasd_cmd_read_sector, 0, DASD_CMD_SCAN },
    { DASD_CODE_SET_SECTOR, "SET SECTOR", dasd_cmd_set_sector, 1, DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_KEY_EQUAL, "SEARCH KEY EQUAL", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_KEY_EQUAL_MT, "SEARCH KEY EQUAL, MT", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_KEY_HIGH, "SEARCH KEY HIGH", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_KEY_HIGH_MT, "SEARCH KEY HIGH, MT", dasd_cmd_search_key, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH, "SEARCH KEY EQUAL OR HIGH", dasd_cmd_search_key, 1,
      DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_KEY_EQUAL_OR_HIGH_MT, "SEARCH KEY EQUAL OR HIGH, MT", dasd_cmd_search_key, 1,
      DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_ID_EQUAL, "SEARCH ID EQUAL", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_ID_EQUAL_MT, "SEARCH ID EQUAL, MT", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_ID_HIGH, "SEARCH ID HIGH", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_ID_HIGH_MT, "SEARCH ID HIGH, MT", dasd_cmd_search_id, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH, "SEARCH ID EQUAL OR HIGH", dasd_cmd_search_id, 1,
      DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_ID_EQUAL_OR_HIGH_MT, "SEARCH ID EQUAL OR HIGH, MT", dasd_cmd_search_id, 1,
      DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_HOME_ADDRESS, "SEARCH HOME ADDRESS", dasd_cmd_search_home, 1, DASD_CMD_SCAN | DASD_CMD_PLACED },
    { DASD_CODE_SEARCH_HOME_ADDRESS_MT, "SEARCH HOME ADDRESS, MT", dasd_cmd_search_home, 1,
      DASD_CMD_SCAN | DASD_CMD_PLACED },
    /* Extents and domains: dasd-cmd-locate.c */
    { DASD_CODE_DEFINE_EXTENT, "DEFINE EXTENT", dasd_cmd_define_extent, 16, DASD_CMD_BEFORE_LIMITS },
    { DASD_CODE_LOCATE_RECORD, "LOCATE RECORD", dasd_cmd_locate_record, 16, DASD_CMD_OPENS_DOMAIN },
    { DASD_CODE_LOCATE_RECORD_EXTENDED, "LOCATE RECORD EXTENDED", dasd_cmd_locate_record_extended, 20,
      DASD_CMD_OPENS_DOMAIN },
    { DASD_CODE_PREFIX, "PREFIX", dasd_cmd_prefix, 64, DASD_CMD_OPENS_DOMAIN | DASD_CMD_BEFORE_LIMITS },
    /* Reading: dasd-cmd-read.c */
    { DASD_CODE_READ_IPL, "READ IPL", dasd_cmd_read_ipl, 0, DASD_CMD_BEFORE_LIMITS },
    { DASD_CODE_READ_DATA, "READ DATA", dasd_cmd_read_data, 0, DASD_CMD_PLACED, READS, 0, ID_OR_KEY },
    { DASD_CODE_READ_DATA_MT, "READ DATA, MT", dasd_cmd_read_data, 0, DASD_CMD_PLACED, READS, 0, ID_OR_KEY },
    { DASD_CODE_READ_KEY_AND_DATA, "READ KEY AND DATA", dasd_cmd_read_key_data, 0, DASD_CMD_PLACED, READS, 0, ID },
    { DASD_CODE_READ_KEY_AND_DATA_MT, "READ KEY AND DATA, MT", dasd_cmd_read_key_data, 0, DASD_CMD_PLACED, READS, 0,
      ID },
    { DASD_CODE_READ_COUNT, "READ COUNT", dasd_cmd_read_count, 0, DASD_CMD_SCAN | DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_COUNT_MT, "READ COUNT, MT", dasd_cmd_read_count, 0, DASD_CMD_SCAN | DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_CKD, "READ COUNT, KEY AND DATA", dasd_cmd_read_ckd, 0, DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_CKD_MT, "READ COUNT, KEY AND DATA, MT", dasd_cmd_read_ckd, 0, DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_MULTIPLE_CKD, "READ MULTIPLE COUNT, KEY AND DATA", dasd_cmd_read_multiple, 0, DASD_CMD_PLACED },
    { DASD_CODE_READ_SPECIAL_HOME_ADDRESS, "READ SPECIAL HOME ADDRESS", dasd_cmd_read_special_home, 0, DASD_CMD_PLACED,
      READS },
    { DASD_CODE_READ_HOME_ADDRESS, "READ HOME ADDRESS", dasd_cmd_read_home, 0, DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_HOME_ADDRESS_MT, "READ HOME ADDRESS, MT", dasd_cmd_read_home, 0, DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_R0, "READ R0", dasd_cmd_read_r0, 0, DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_R0_MT, "READ R0, MT", dasd_cmd_read_r0, 0, DASD_CMD_PLACED, READS },
    { DASD_CODE_READ_TRACK, "READ TRACK", dasd_cmd_read_track, 0, DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED,
      DASD_OP_READ_TRACKS },
    { DASD_CODE_READ_TRACK_DATA, "READ TRACK DATA", dasd_cmd_read_track_data, 0, DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED,
      DASD_OP_READ_TRACKS },
    /* Writing: dasd-cmd-write.c */
    { DASD_CODE_WRITE_DATA, "WRITE DATA", dasd_cmd_write_data, 0, DASD_CMD_UPDATE | DASD_CMD_PLACED | DASD_CMD_AT_ONCE,
      DASD_OP_WRITE | DASD_OP_WRITE_TRACK, ID_OR_KEY, ID_OR_KEY },
    { DASD_CODE_WRITE_UPDATE_DATA, "WRITE UPDATE DATA", dasd_cmd_write_data, 0,
      DASD_CMD_UPDATE | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_WRITE },
    { DASD_CODE_WRITE_KEY_AND_DATA, "WRITE KEY AND DATA", dasd_cmd_write_key_data, 0,
      DASD_CMD_UPDATE | DASD_CMD_PLACED | DASD_CMD_AT_ONCE, DASD_OP_WRITE, ID, ID },
    { DASD_CODE_WRITE_UPDATE_KEY_AND_DATA, "WRITE UPDATE KEY AND DATA", dasd_cmd_write_key_data, 0,
      DASD_CMD_UPDATE | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_WRITE },
    { DASD_CODE_WRITE_CKD, "WRITE COUNT, KEY AND DATA", dasd_cmd_write_ckd, 0, DASD_CMD_FORMAT | DASD_CMD_PLACED,
      DASD_OP_FORMAT | DASD_OP_WRITE_TRACK, FOR_FORMAT },
    { DASD_CODE_WRITE_CKD_NEXT_TRACK, "WRITE COUNT, KEY AND DATA NEXT TRACK", dasd_cmd_write_ckd, 0,
      DASD_CMD_FORMAT | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_FORMAT },
    { DASD_CODE_WRITE_R0, "WRITE R0", dasd_cmd_write_r0, 8,
      DASD_CMD_FORMAT | DASD_CMD_R0 | DASD_CMD_PLACED | DASD_CMD_AT_ONCE, DASD_OP_FORMAT, DASD_FOUND_HOME },
    { DASD_CODE_ERASE, "ERASE", dasd_cmd_erase, 0, DASD_CMD_FORMAT | DASD_CMD_PLACED, DASD_OP_WRITE_TRACK, FOR_FORMAT },
    { DASD_CODE_WRITE_TRACK_DATA, "WRITE TRACK DATA", dasd_cmd_write_track_data, 1,
      DASD_CMD_UPDATE | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_WRITE_TRACK_DATA },
    { DASD_CODE_WRITE_FULL_TRACK, "WRITE FULL TRACK", dasd_cmd_write_full_track, 24,
      DASD_CMD_FORMAT | DASD_CMD_IN_DOMAIN | DASD_CMD_PLACED, DASD_OP_WRITE_FULL_TRACK },
};

/* Maps a code to its row of the table, counted from 1; 0 if the device has no such command. */
static const guint8 *rows_by_code(void)
{
    static guint8 rows[G_MAXUINT8 + 1];
    static gsize is_made;

    G_STATIC_ASSERT(G_N_ELEMENTS(commands) <= G_MAXUINT8);
    if (g_once_init_enter(&is_made)) {
        for (gsize i = 0; i < G_N_ELEMENTS(commands); i++)
            rows[commands[i].code] = (guint8)(i + 1);
        g_once_init_leave(&is_made, 1);
    }
    return rows;
}

const DasdCmd *dasd_cmd_find(guint8 code)
{
    guint8 row = rows_by_code()[code];

    return row ? &commands[row - 1] : NULL;
}
