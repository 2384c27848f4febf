# SPDX-License-Identifier: LGPL-2.1-or-later
"""A seccomp filter, as a container has one: system calls that fail with an errno."""

import ctypes
import os
import struct

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
# linux/bpf_common.h, linux/seccomp.h
LOAD_WORD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7fff0000, 0x00050000
OFFSET_OF_NUMBER = 0  # in struct seccomp_data
# asm/unistd.h
NUMBERS = {
    "x86_64": {"mount": 165, "pivot_root": 155, "unshare": 272},
    "s390x": {"mount": 21, "pivot_root": 217, "unshare": 303},
    "aarch64": {"mount": 40, "pivot_root": 41, "unshare": 97},
}


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def is_known():
    """Returns whether the numbers of system calls of this machine are known."""
    return os.uname().machine in NUMBERS


def _instruction(code, value, if_true=0, if_false=0):
    return struct.pack("=HBBI", code, if_true, if_false, value)


def forbid(errors):
    """Makes system calls of this process and of all its later children fail. errors: {name: errno}"""
    code = _instruction(LOAD_WORD, OFFSET_OF_NUMBER)
    for name, error in errors.items():
        code += _instruction(JUMP_EQUAL, NUMBERS[os.uname().machine][name], 0, 1) + _instruction(RETURN, ERRNO | error)
    code += _instruction(RETURN, ALLOW)
    text = ctypes.create_string_buffer(code, len(code))
    program = _Program(len(code) // 8, ctypes.addressof(text))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0)):
        if prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")
