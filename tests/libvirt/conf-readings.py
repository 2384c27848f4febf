#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An element that libvirt reads as a ccw host device, we read in the same way, or reject the document.

libvirt's test driver defines and prints each lowered document. The mediated devices of ours that libvirt prints must be
those that `virt-ccw raise` finds in the document that libvirt got. The first rows are spellings that once had two
readings; the others are random (CCW_SEED repeats them).
"""
import os
import random
import re
import subprocess
from pathlib import Path

from files import temporary_folder
from tap import Tap

VIRT_CCW = os.environ["VIRT_CCW"]
SEED = int(os.environ.get("CCW_SEED", random.randrange(1 << 32)))
RANDOM_ROWS = 300
TIMEOUT = 60  # seconds, for one program
COMPARED, DEVICES, REJECTED = 100, 30, 3  # minimum numbers: with fewer, the rows do not reach the tested code
UUID = "cc390000-0001-8000-8000-000000001234"
SOURCE = f"<source><address uuid='{UUID}'/></source>"

ROWS = [
    f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>{SOURCE}</hostdev>",
    "<hostdev mode='subsystem' type='ccw'><source><address devno='0x1234'/></source></hostdev>",
    "<hostdev mode='subsystem' xmlns:x='urn:x' x:type='scsi_host' x:model='virtio-transitional' type='ccw'>"
    "<source protocol='vhost' wwpn='naa.5123456789abcde0'><address devno='0x1234'/></source></hostdev>",
    f"<hostdev mode='subsystem' xmlns:x='urn:x' x:type='mdev' type='pci' model='vfio-ccw'>{SOURCE}</hostdev>",
    f"<hostdev mode='subsystem' x:type='pci' type='mdev' model='vfio-ccw'>{SOURCE}</hostdev>",
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source>"
    "<address uuid=' cc39000000018000-8000000000001234 '/></source></hostdev>",
    f"<hostdev mode='subsystem' type='mdev' model='vfio-ccw'><source xmlns:x='u'><address x:uuid='{UUID}'/></source>"
    "</hostdev>",
]


def spell_uuid(rng):
    text = "".join(rng.choice(["", "", "", "-", " "]) + pair for pair in re.findall("..", UUID.replace("-", "")))
    text = rng.choice(["", " ", "\t", "\n"]) + text + rng.choice(["", "", " ", "0"])
    return text.upper() if rng.random() < 0.2 else text


def attributes(rng, prefixes, names):
    """Each name with one value or two, in any order, with or without a prefix."""
    seen, text = set(), ""
    for name, values in rng.sample(names, len(names)):
        for value in rng.sample(values, min(len(values), rng.choice([1, 1, 2]))):
            full = rng.choice(prefixes) + name
            if full not in seen:
                text += f" {full}='{value}'"
            seen.add(full)
    return text


def valid_row(rng):
    """Elements that libvirt reads as a ccw device, in any order and spelling."""
    managed = [("managed", [rng.choice(["yes", "no"])])] if rng.random() < 0.5 else []
    if rng.random() < 0.5:
        hostdev = single(rng, [("mode", ["subsystem"]), ("type", ["ccw"]), *managed])
        return f"<hostdev{hostdev}><source><address devno='{rng.choice(['0x1234', '4660', '0x01234'])}'/></source></hostdev>"
    hostdev = single(rng, [("mode", ["subsystem"]), ("type", ["mdev"]), ("model", ["vfio-ccw"]), *managed])
    prefix = rng.choice(["", " xmlns:x='urn:x' x:type='pci' x:model='vfio-pci'"])
    return f"<hostdev{prefix}{hostdev}><source><address uuid='{spell_uuid(rng)}'/></source></hostdev>"


def single(rng, names):
    """Each name once, with one value, in any order."""
    return attributes(rng, [""], [(name, values[:1]) for name, values in names])


def random_row(rng):
    if rng.random() < 0.6:
        return valid_row(rng)
    prefixes = rng.choice([[""], [""], ["", "", "x:", "xml:", "y:"]])
    hostdev = attributes(rng, prefixes, [("mode", ["subsystem"]), ("type", ["mdev", "mdev", "ccw", "pci"]),
                                         ("model", ["vfio-ccw", "vfio-ccw", "vfio-pci"]), ("managed", ["yes", "no"])])
    address = attributes(rng, prefixes, [("uuid", [spell_uuid(rng), "11111111-2222-4333-8444-555555555555"])])
    element = rng.choice(["source", "source", "source", "x:source"])
    return f"<hostdev xmlns:x='urn:x'{hostdev}><{element}><address{address}/></{element}></hostdev>"


def domain(name, row, rng):
    element = rng.choice(["domain", "domain", "r:domain"])
    return (f"<{element} xmlns:r='urn:r' type='test'><name>{name}</name><memory unit='MiB'>8</memory>"
            f"<os><type>hvm</type></os><devices>{row}</devices></{element}>")


def virt_ccw(command, text):
    """Returns None if the document is rejected."""
    run = subprocess.run([VIRT_CCW, command], input=text.encode(), capture_output=True, timeout=TIMEOUT)
    assert run.returncode >= 0, f"virt-ccw {command} ended by signal {-run.returncode}: {text}"
    return run.stdout.decode() if run.returncode == 0 else None


def libvirt_prints(documents):
    """Returns {name: libvirt's XML}, without the documents that libvirt rejects."""
    with temporary_folder() as folder:
        commands = []
        for name, text in documents.items():
            path = Path(folder) / f"{name}.xml"
            path.write_text(text)
            commands += [f"define {path}", f"dumpxml {name}"]
        run = subprocess.run(["virsh", "-q", "-c", "test:///default", "; ".join(commands)], capture_output=True,
                             text=True, timeout=TIMEOUT)
    printed = re.findall(r"<domain.*?</domain>", run.stdout, re.DOTALL)
    return {re.search("<name>(.*?)</name>", text)[1]: text for text in printed}


def ours(printed):
    """libvirt starts no guest whose hostdev model differs from that of the mediated device, so vfio-pci is no ccw
    device."""
    return len(re.findall(r"<hostdev [^>]*model='vfio-ccw'[^>]*>\s*<source>\s*"
                          r"<address uuid='cc390000-0001-8000-8000-0000[0-9a-f]{8}'", printed))


def main():
    print(f"# seed {SEED}", flush=True)
    rng = random.Random(SEED)
    rows = ROWS + [random_row(rng) for _ in range(RANDOM_ROWS)]
    lowered, wrong, rejected = {}, [], 0
    for i, row in enumerate(rows):
        text = virt_ccw("lower", domain(f"g{i}", row, rng))
        rejected += text is None
        if text is not None:
            lowered[f"g{i}"] = text
    printed = libvirt_prints(lowered)
    for name, text in printed.items():
        raised = virt_ccw("raise", lowered[name])
        found = len(re.findall(r"<(?:\w+:)?hostdev[^>]* type='ccw'", raised)) if raised is not None else -1
        if found != ours(text):
            wrong.append(f"libvirt reads {ours(text)} ccw devices, we {found}: {lowered[name]}")
    devices = sum(map(ours, printed.values()))
    tap = Tap()
    tap.note(f"{len(rows)} documents, {rejected} refused by us, {len(lowered) - len(printed)} by libvirt, "
             f"{len(printed)} compared, {devices} ccw devices")
    assert len(printed) > COMPARED and devices > DEVICES and rejected > REJECTED, "the rows do not reach what is tested"
    tap.none(wrong, "libvirt and libvirt-ccw read each document alike")
    tap.done()


if __name__ == "__main__":
    main()
