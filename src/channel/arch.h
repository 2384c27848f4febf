/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of the channel subsystem: CCW, ORB, SCSW and IRB of the z/Architecture Principles of Operation
 * (SA22-7832, chapters 13 to 16). All of them are big-endian in memory; read and write them with util/endian.h.
 */
#pragma once

#include <glib.h>

/*
 * A format-1 CCW has 8 bytes: command, flags, count (16 bits), data address (31 bits). Format 0 has the same fields in
 * another order: command, data address (24 bits), flags, an unused byte, count.
 */
#define CCW_SIZE 8
#define CCW_OFS_CMD 0
#define CCW_OFS_FLAGS 1
#define CCW_OFS_COUNT 2
#define CCW_OFS_CDA 4
#define CCW0_OFS_CDA 0 /* with the command above it: 8 + 24 bits */
#define CCW0_OFS_FLAGS 4
#define CCW0_OFS_COUNT 6

#define CCW_FLAG_CD 0x80      /* chain data */
#define CCW_FLAG_CC 0x40      /* chain command */
#define CCW_FLAG_SLI 0x20     /* suppress length indication */
#define CCW_FLAG_SKIP 0x10    /* skip the transfer into storage */
#define CCW_FLAG_PCI 0x08     /* program-controlled interruption */
#define CCW_FLAG_IDA 0x04     /* the address is that of a list of IDAWs */
#define CCW_FLAG_SUSPEND 0x02 /* suspend */
#define CCW_FLAG_MIDA 0x01    /* modified indirect addressing */

#define CCW_CMD_BASIC_SENSE 0x04
#define CCW_CMD_NOOP 0x03
#define CCW_CMD_TIC 0x08 /* format 1: all eight bits; format 0: the low four */
#define CCW_CMD_SENSE_ID 0xe4

/* Returns: whether the command stores into the guest's storage: read, sense, read backward. */
static inline gboolean channel_cmd_is_input(guint8 cmd)
{
    return (cmd & 0x03) == 0x02 || (cmd & 0x0f) == 0x04 || (cmd & 0x0f) == 0x0c;
}

/* Operation-request block, the first 12 bytes: interruption parameter, flags, channel-program address. */
#define CHANNEL_ORB_SIZE 12
#define CHANNEL_ORB_OFS_INTPARM 0
#define CHANNEL_ORB_OFS_FLAGS 4 /* 32 bits */
#define CHANNEL_ORB_OFS_CPA 8

#define CHANNEL_ORB_KEY_SHIFT 28
#define CHANNEL_ORB_SUSPEND 0x08000000u   /* S: suspend control */
#define CHANNEL_ORB_FORMAT1 0x00800000u   /* F */
#define CHANNEL_ORB_PREFETCH 0x00400000u  /* P */
#define CHANNEL_ORB_INITSTAT 0x00200000u  /* I: initial-status interruption */
#define CHANNEL_ORB_SUPPRESS 0x00080000u  /* U: suppress suspended interruption */
#define CHANNEL_ORB_TRANSPORT 0x00040000u /* B: the address is that of a transport-command word */
#define CHANNEL_ORB_C64 0x00020000u       /* H: format-2 (64-bit) IDAWs */
#define CHANNEL_ORB_T2K 0x00010000u       /* T: format-2 IDAWs for 2 KiB blocks */
#define CHANNEL_ORB_ILS 0x00000080u       /* L: suppress incorrect length of immediate operations */
#define CHANNEL_ORB_LPM_SHIFT 8           /* logical-path mask, 8 bits */

/* Subchannel-status word, 12 bytes, and the interruption-response block, 96 bytes: SCSW, ESW 20, ECW 32, EMW 32. */
#define CHANNEL_SCSW_SIZE 12
#define CHANNEL_SCSW_OFS_FLAGS 0 /* 16 bits: key 4, S 1, L 1, CC 2, F 1, P 1, I 1, A 1, U 1, Z 1, E 1, N 1 */
#define CHANNEL_SCSW_OFS_CTL 2   /* 16 bits: 0 1, function control 3, activity control 7, status control 5 */
#define CHANNEL_SCSW_OFS_CPA 4
#define CHANNEL_SCSW_OFS_DSTAT 8
#define CHANNEL_SCSW_OFS_CSTAT 9
#define CHANNEL_SCSW_OFS_COUNT 10

#define CHANNEL_SCSW_FLAG_S 0x0800u /* suspend control */
#define CHANNEL_SCSW_FLAG_L 0x0400u /* extended-status-word format: logout pending */
#define CHANNEL_SCSW_FLAG_F 0x0080u /* format-1 CCWs */
#define CHANNEL_SCSW_FLAG_P 0x0040u /* prefetch */
#define CHANNEL_SCSW_FLAG_I 0x0020u /* initial-status interruption */
#define CHANNEL_SCSW_FLAG_U 0x0008u /* suppress suspended interruption */
#define CHANNEL_SCSW_FLAG_E 0x0002u /* extended control: the ECW holds concurrent sense */

#define CHANNEL_SCSW_FCTL_START 0x4000u
#define CHANNEL_SCSW_FCTL_HALT 0x2000u
#define CHANNEL_SCSW_FCTL_CLEAR 0x1000u
#define CHANNEL_SCSW_ACTL_RESUME_PENDING 0x0800u
#define CHANNEL_SCSW_ACTL_SUBCHANNEL_ACTIVE 0x0080u
#define CHANNEL_SCSW_ACTL_DEVICE_ACTIVE 0x0040u
#define CHANNEL_SCSW_ACTL_SUSPENDED 0x0020u
#define CHANNEL_SCSW_STCTL_ALERT 0x0010u
#define CHANNEL_SCSW_STCTL_INTERMEDIATE 0x0008u
#define CHANNEL_SCSW_STCTL_PRIMARY 0x0004u
#define CHANNEL_SCSW_STCTL_SECONDARY 0x0002u
#define CHANNEL_SCSW_STCTL_PENDING 0x0001u

#define CHANNEL_DSTAT_ATTENTION 0x80
#define CHANNEL_DSTAT_STATUS_MODIFIER 0x40
#define CHANNEL_DSTAT_CONTROL_UNIT_END 0x20
#define CHANNEL_DSTAT_BUSY 0x10
#define CHANNEL_DSTAT_CHANNEL_END 0x08
#define CHANNEL_DSTAT_DEVICE_END 0x04
#define CHANNEL_DSTAT_UNIT_CHECK 0x02
#define CHANNEL_DSTAT_UNIT_EXCEPTION 0x01

#define CHANNEL_CSTAT_PCI 0x80
#define CHANNEL_CSTAT_INCORRECT_LENGTH 0x40
#define CHANNEL_CSTAT_PROGRAM_CHECK 0x20
#define CHANNEL_CSTAT_PROTECTION_CHECK 0x10
#define CHANNEL_CSTAT_CHANNEL_DATA_CHECK 0x08
#define CHANNEL_CSTAT_CHANNEL_CONTROL_CHECK 0x04
#define CHANNEL_CSTAT_INTERFACE_CONTROL_CHECK 0x02
#define CHANNEL_CSTAT_CHAINING_CHECK 0x01

#define CHANNEL_IRB_SIZE 96
#define CHANNEL_IRB_OFS_SCSW 0
#define CHANNEL_IRB_OFS_ESW 12 /* format 0: byte 1 is the LPUM, bytes 4 to 7 the ERW */
#define CHANNEL_IRB_OFS_ECW 32 /* concurrent sense */
#define CHANNEL_ERW_CONS 0x01000000u
#define CHANNEL_ERW_SCNT_SHIFT 16 /* number of concurrent-sense bytes */
