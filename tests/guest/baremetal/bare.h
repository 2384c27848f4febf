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
