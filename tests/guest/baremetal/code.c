/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest that runs code which it reads from its DASD. It writes several functions to a track, each a record. Then it
 * reads one after the other to the same place, directly and by a list of IDAWs, and calls it. An emulator that
 * remembers what it translated must learn that the device has written there. At last the processor itself replaces the
 * functions by MVC: that shows an emulator that runs old code without any device. tests/guest/code.py expects the lines.
 */
#include "bare.h"

#define CCW_IDA 0x04
#define BLOCK 4096
#define FUNCTIONS 3
#define ROUNDS 3
#define TRACK 1
#define MOVED 256 /* bytes, the most that one MVC moves */

static struct ccw program[FUNCTIONS + 3] __attribute__((aligned(8)));
static u32 list[2]; /* IDAWs of 31 bits, for blocks of 2 KiB */
static u8 extent[DOMAIN_SIZE], locate[DOMAIN_SIZE];
static u8 buffer[FUNCTIONS][COUNT_SIZE + BLOCK];
static u8 place[BLOCK] __attribute__((aligned(BLOCK)));

/* Makes a function that returns a number: lghi %r2,NUMBER; br %r14. */
static void put_function(u8 *at, u8 number)
{
    *(volatile u16 *)at = 0xa729;
    *(volatile u16 *)(at + 2) = number;
    *(volatile u16 *)(at + 4) = 0x07fe;
}

static u32 run(u32 track, u8 mask, u8 operation, u8 count, u8 record)
{
    put_extent(extent, mask, BLOCK, track);
    put_locate(locate, operation, count, track, record);
    program[0] = (struct ccw){ CMD_DEFINE_EXTENT, CCW_CC, DOMAIN_SIZE, (u32)(u64)extent };
    program[1] = (struct ccw){ CMD_LOCATE_RECORD, CCW_CC, DOMAIN_SIZE, (u32)(u64)locate };
    return run_program(ID_ONE, ORB_FORMAT_1_PREFETCH, program);
}

static u32 write_functions(void)
{
    for (u8 i = 0; i < FUNCTIONS; i++) {
        put_function(put_count(buffer[i], TRACK, (u8)(i + 1), BLOCK), (u8)(i + 1));
        program[2 + i] = (struct ccw){ CMD_WRITE_CKD, i + 1 < FUNCTIONS ? CCW_CC : 0, sizeof(buffer[i]),
                                       (u32)(u64)buffer[i] };
    }
    return run(TRACK, MASK_FORMAT, OPERATION_FORMAT, FUNCTIONS, 0);
}

static u32 read_function(u8 number, int by_list)
{
    list[0] = (u32)(u64)place;
    list[1] = (u32)(u64)(place + BLOCK / 2);
    program[2] = (struct ccw){ CMD_READ_DATA, by_list ? CCW_IDA : 0, BLOCK, (u32)(u64)(by_list ? (u8 *)list : place) };
    return run(TRACK, MASK_READ, OPERATION_READ, 1, number);
}

/* Prints which function is stored at a place, and which one runs there. */
static void print_call(const char *how, u8 number, u8 *function)
{
    char line[64];
    char *at = put_hex(put_text(line, how), number, 1);

    at = put_hex(put_text(at, ": stored "), function[3], 1);
    put_text(put_hex(put_text(at, ", returned "), (u32)((u64(*)(void))function)(), 1), "\n");
    print(line);
}

static void call(u8 number, int by_list)
{
    u32 status = read_function(number, by_list);

    if (status != GOOD)
        print_number("status: ", status, 4);
    print_call(by_list ? "by a list " : "directly ", number, place);
}

/* Moves two functions over two others, by one instruction, and calls the second: not the first byte that changed. */
static void move_functions(u8 number)
{
    u8 *from = buffer[number - 1], *second = place + MOVED / 2;

    put_function(from, number);
    put_function(from + MOVED / 2, number);
    __asm__ volatile("mvc 0(256,%0),0(%1)" : : "a"(place), "a"(from) : "memory");
    ((u64(*)(void))place)();
    print_call("moved ", number, second);
}

void main(void)
{
    open_console();
    if (enable(ID_ONE) != 0) {
        print("no device\n");
        return;
    }
    print_number("written: ", write_functions(), 4);
    for (u32 i = 0; i < ROUNDS * FUNCTIONS; i++)
        call((u8)(i % FUNCTIONS + 1), i / FUNCTIONS % 2);
    for (u8 i = 0; i < FUNCTIONS; i++)
        move_functions((u8)(i + 1));
    print("done\n");
}
