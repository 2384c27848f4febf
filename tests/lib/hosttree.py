# SPDX-License-Identifier: LGPL-2.1-or-later
"""The channel subsystem's part of sysfs as data, to compare a host before and after."""

import os

ROOTS = ("devices/css0", "bus/css", "bus/ccw", "bus/mdev", "class/mdev_bus", "kernel/iommu_groups")


def _attribute(path):
    try:
        with open(path, "rb") as file:
            return file.read(4096)
    except OSError as error:
        return error.errno


def _link(path):
    """The file may disappear meanwhile."""
    try:
        return os.readlink(path)
    except OSError as error:
        return error.errno


def snapshot(sysfs="/sys"):
    """Returns {path: link target, attribute's bytes, errno of reading it, or None for a folder}, without what a real
    kernel changes by itself: a block device's statistics and sequence number, run times."""
    tree = {}
    for root in ROOTS:
        for folder, folders, files in os.walk(os.path.join(sysfs, root)):
            tree[folder] = None
            folders[:] = [name for name in folders if name != "power" and os.path.basename(folder) != "block"]
            for name in folders + files:
                path = os.path.join(folder, name)
                if os.path.islink(path):
                    tree[path] = _link(path)
                elif name in files:
                    tree[path] = _attribute(path)
    return tree


def differences(before, after):
    """Returns one line for each difference."""
    lines = []
    for path in sorted(set(before) | set(after)):
        if path not in after:
            lines.append(f"is gone: {path}")
        elif path not in before:
            lines.append(f"is new: {path}")
        elif before[path] != after[path]:
            lines.append(f"was {before[path]!r}, is {after[path]!r}: {path}")
    return lines
