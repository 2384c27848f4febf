/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions for guest programs without an operating system: the I/O instructions (start.S), the SCLP's ASCII console,
 * and channel devices. Instructions and formats: z/Architecture Principles of Operation, chapters 14 to 16; SCLP as in
 * Linux (drivers/s390/char/sclp.h).
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

int servc(u32 command, void *sccb);
int chsc(void *page);
int stsch(u32 id, void *schib);
int msch(u32 id, void *schib);
int ssch(u32 id, void *orb);
int tsch(u32 id, void *irb);
int rsch(u32 id);
int hsch(u32 id);
int csch(u32 id);
int xsch(u32 id);

#define ID_ONE 0x00010000u /* always one */

#define SCHIB_ENABLED 0x0080
#define SCHIB_VALID 0x0001
#define CCW_SENSE_ID 0xe4
#define CCW_CC 0x40
#define CCW_SLI 0x20
#define CCW_PCI 0x08
#define CCW_SUSPEND 0x02
#define CCW_NOOP 0x03
#define CCW_TIC 0x08
#define ORB_FORMAT_1_PREFETCH 0x00c0ff00u

struct schib {
    u32 parameter;
    u16 flags;
    u16 devno;
    u32 rest[11]; /* the SCSW begins at rest[5] */
};

struct ccw {
    u8 command;
    u8 flags;
    u16 count;
    u32 data;
};

extern u8 page[4096]; /* an SCCB, or a CHSC block */

void clear_page(void);
void open_console(void);
void print(const char *text);
char *put_text(char *at, const char *text);
char *put_hex(char *at, u32 value, int digits);
void print_number(const char *text, u32 value, int digits);

/* Returns the condition code of the MODIFY SUBCHANNEL. */
int enable(u32 id);

#define HEADS 15 /* of a 3390 */
#define COUNT_SIZE 8
#define CMD_DEFINE_EXTENT 0x63
#define CMD_LOCATE_RECORD 0x47
#define CMD_WRITE_CKD 0x1d
#define CMD_READ_DATA 0x06
#define CMD_SENSE 0x04
#define MASK_READ 0x40
#define MASK_UPDATE 0x80
#define MASK_FORMAT 0xc0
#define OPERATION_WRITE 0x01
#define OPERATION_FORMAT 0x03 /* the record is the one before those that are formatted */
#define OPERATION_READ 0x06
#define DOMAIN_SIZE 16 /* the parameters of either command */
#define GOOD 0x0c00    /* channel end, device end */

/* Makes the parameters of a DEFINE EXTENT of one track, and of a LOCATE RECORD of @count records from @record on. */
void put_extent(u8 extent[DOMAIN_SIZE], u8 mask, u16 block_size, u32 track);
void put_locate(u8 locate[DOMAIN_SIZE], u8 operation, u8 count, u32 track, u8 record);

/* Makes the count field of a record without a key. Returns the address after it. */
u8 *put_count(u8 *at, u32 track, u8 record, u16 length);

/* Runs a channel program. Returns its device and subchannel status; 0xffff if it could not start. */
u32 run_program(u32 id, u32 orb_flags, const void *ccws);
