/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where QEMU's -kernel begins, in z/Architecture mode and without translation: a stack, new PSWs that end the run, and
 * the instructions that C cannot express. The C file of each program describes it.
 */
    .equ PSW_EXTERNAL_NEW, 0x1b0
    .equ PSW_PROGRAM_NEW, 0x1d0
    .equ FRAME, 160

    .text
    .globl _start
_start:
    larl %r15, stack_end
    aghi %r15, -FRAME
    larl %r1, psw_program
    mvc PSW_PROGRAM_NEW(16,%r0), 0(%r1)
    larl %r1, psw_signalled
    mvc PSW_EXTERNAL_NEW(16,%r0), 0(%r1)
    larl %r1, cr0
    lctlg %c0, %c0, 0(%r1)
    brasl %r14, main
    /* A disabled wait: QEMU takes it for a panic, and ends. */
    larl %r1, psw_end
    lpswe 0(%r1)

/* int servc(unsigned command, void *sccb): waits for the service signal. Returns the condition code. */
    .globl servc
servc:
    .insn rre, 0xb2200000, %r2, %r3
    ipm %r2
    srl %r2, 28
    ltr %r2, %r2
    bnzr %r14
    larl %r1, psw_wait
    lpswe 0(%r1)
signalled:
    lghi %r2, 0
    br %r14

/* int chsc(void *page) */
    .globl chsc
chsc:
    .insn rre, 0xb25f0000, %r2, %r0
    j condition_code

/* int stsch(unsigned id, void *schib), and msch, ssch, tsch alike: the subchannel is named by register 1. */
    .macro subchannel name, instruction
    .globl \name
\name:
    lgr %r1, %r2
    \instruction 0(%r3)
    j condition_code
    .endm

    subchannel stsch, stsch
    subchannel msch, msch
    subchannel ssch, ssch
    subchannel tsch, tsch

/* int rsch(unsigned id), hsch, csch, xsch */
    .macro function name, instruction
    .globl \name
\name:
    lgr %r1, %r2
    \instruction
    j condition_code
    .endm

    function rsch, rsch
    function hsch, hsch
    function csch, csch
    function xsch, xsch

condition_code:
    ipm %r2
    srl %r2, 28
    lgfr %r2, %r2
    br %r14

    .section .data
    .balign 8
cr0:
    .quad 0x0000000000000200            /* the service signal may interrupt */
psw_wait:
    .quad 0x0102000180000000, 0         /* external interruptions, wait, 64 bits */
psw_signalled:
    .quad 0x0000000180000000, signalled
psw_end:
    .quad 0x0002000180000000, 0
psw_program:
    .quad 0x0002000180000000, 0xdead

    .section .bss
    .balign 8
    .skip 8192
stack_end:
