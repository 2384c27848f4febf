#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests scripts/check-procedures on a small protocol and small tables: it accepts correct ones, and finds each kind of
fault.

    check-procedures.py SCRIPT
"""

import importlib.machinery
import importlib.util
import sys

from tap import Tap

PROTOCOL = """
struct remote_domain_attach_device_args {
    remote_nonnull_domain dom;
    remote_nonnull_string xml; /* of a device */
};
struct remote_domain_create_xml_args {
    remote_nonnull_string xml_desc;
    unsigned int flags;
};
struct remote_node_device_reset_args {
    remote_nonnull_string name;
};
struct remote_domain_save_params_args {
    remote_typed_param params<REMOTE_DOMAIN_SAVE_PARAMS_MAX>;
    opaque cookie<REMOTE_MIGRATE_COOKIE_MAX>;
    hyper size;
    remote_string dxml;
};
enum remote_procedure {
    /**
     * @generate: both
     * @acl: domain:write
     */
    REMOTE_PROC_DOMAIN_ATTACH_DEVICE = 8,

    /**
     * @generate: both
     * @acl: domain:write
     * @acl: domain:start
     */
    REMOTE_PROC_DOMAIN_CREATE_XML = 10,
    /** @acl: node_device:write */
    REMOTE_PROC_NODE_DEVICE_RESET = 120,
    /** @acl: domain:hibernate */
    REMOTE_PROC_DOMAIN_SAVE_PARAMS = 440
};
"""
ATTACH = 'ROW(8, "DOMAIN_ATTACH_DEVICE", CALL(DOMAIN, XML), ATTACH),'
CREATE = 'ROW(10, "DOMAIN_CREATE_XML", CALL(XML, U32), DEFINE, STARTS),'
RESET = 'ROW(120, "NODE_DEVICE_RESET", CALL(NODE), WRITE),'
SAVE = 'ROW(440, "DOMAIN_SAVE_PARAMS", CALL(PARAMS, OPAQUE,\n    U64, OPT_XML)),'
GOOD = (ATTACH, CREATE, RESET, SAVE)
NUMBERS = "#define REMOTE_PROC_NODE_DEVICE_RESET 120\n"
FAULTS = (
    ("another number", [GOOD[0].replace("8", "9", 1)], "is 9 in the table and 8"),
    ("another name", [GOOD[0].replace("ATTACH_DEVICE", "ATTACH_THING")], "no procedure DOMAIN_ATTACH_THING"),
    ("a field too few", [ATTACH, CREATE.replace(", U32", "")], "CALL of DOMAIN_CREATE_XML has XML in the table"),
    ("XML that is taken for another string", [ATTACH.replace("XML", "STRING")], "DOMAIN, STRING in the table"),
    ("a name that is not a node device's", [RESET.replace("NODE)", "STRING)")], "CALL of NODE_DEVICE_RESET"),
    ("a reply that libvirt does not send", [RESET.replace("WRITE", "REPLY(XML)")], "REPLY of NODE_DEVICE_RESET"),
    ("a start that is not known as one", [CREATE.replace(", STARTS", "")], "does not have STARTS"),
    ("a missing row", [ATTACH, CREATE, RESET], "DOMAIN_SAVE_PARAMS (440) carries XML"),
)


def load(path):
    loader = importlib.machinery.SourceFileLoader("check_procedures", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("check_procedures", loader))
    loader.exec_module(module)
    return module


def faults(script, rows, numbers=NUMBERS, level=456):
    table = "table[] = {\n" + "\n".join(rows) + "\n};\n"
    checked = f"#define REMOTE_PROCEDURES_CHECKED {level}\n"
    found = script.check(table, checked, numbers, script.Protocol(PROTOCOL))
    return [fault for _, each in found for fault in each]


def cases(script):
    yield "a good table", not faults(script, GOOD)
    for name, rows, words in FAULTS:
        kept = [row for row in GOOD if row.split('"')[1] not in "".join(rows)] if len(rows) == 1 else []
        yield name, any(words in fault for fault in faults(script, rows + kept))
    yield "another number in the header", "120" in "".join(faults(script, GOOD, NUMBERS.replace("120", "121")))
    yield "a newer libvirt", "up to 440" in "".join(faults(script, GOOD, level=439))


def main():
    tap = Tap()
    for name, is_good in cases(load(sys.argv[1])):
        tap.ok(is_good, name)
    tap.done()


if __name__ == "__main__":
    main()
