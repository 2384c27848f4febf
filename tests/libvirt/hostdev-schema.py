#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the table of docs/formatdomain/hostdev-ccw.rst with libvirt's schema of a hostdev: the table has all names
in the installed libvirt's schema, and each row describes what happens. So an addition of a newer libvirt fails here
until the table has a row for it.

    hostdev-schema.py HOSTDEV-CCW.RST VIRT-CCW SCHEMAS
"""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

from steps import Steps, StepSkipped, expect

RNG = "{http://relaxng.org/ns/structure/1.0}"
DEPTH = 3  # levels of elements below hostdev in the schema: source, its elements, and their attributes
# Names in the table that older libvirts' schemas lack.
NEWER = {"acpi/@nodeset", "driver/@iommufd", "driver/@model", "source/address/@port"}
OUTCOMES = ("passed on", "honoured", "refused")
# The content of the element in the other samples, and its lowered form.
HONOURED = {
    "@mode": ("mode='subsystem'", "mode='subsystem'"),
    "@type": ("type='ccw'", "type='mdev'"),
    "@managed": ("managed='yes'", "managed='yes'"),
    "source": ("<source>", "<source>"),
    "source/address": ("<address devno='0x1234'/>", "<address uuid='cc390000-0001-8000-8000-000000001234'/>"),
}
PASSED_ON = {
    "boot": "<boot order='1'/>",
    "boot/@order": "<boot order='2'/>",
    "alias": "<alias name='ua-dasd'/>",
    "alias/@name": "<alias name='ua-dasd'/>",
    "boot/@loadparm": "<boot order='1' loadparm='2'/>",
    "address": "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>",
    "address/@type": "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>",
    "address/@cssid": "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'/>",
    "address/@ssid": "<address type='ccw' cssid='0xfe' ssid='0x1' devno='0x0001'/>",
    "address/@devno": "<address type='ccw' cssid='0xfe' ssid='0x0' devno='0x0002'/>",
}
DOMAIN = """<domain type='qemu'><name>guest</name><memory>65536</memory>
<os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os><devices>%s</devices></domain>"""
GUEST = "type='ccw' cssid='0xfe' ssid='0x0' devno='0x0001'"


class Table:
    """Returns the rows of the documentation: each name's outcome."""

    def __init__(self, path):
        self.outcomes = {}
        with open(path, encoding="utf-8") as file:
            text = file.read().split(".. list-table::", 1)[1]
        for names, outcome in re.findall(r"^   \* - (``.*)\n     - (.*)$", text, re.M):
            expect(outcome in OUTCOMES, f"{names}: the outcome '{outcome}' is not one of {', '.join(OUTCOMES)}")
            for name in re.findall(r"``([^`]*)``", names):
                expect(name not in self.outcomes, f"{name} is there twice")
                self.outcomes[name] = outcome

    def covers(self, name):
        """Returns whether the name has a row of its own, or is inside of an element that is rejected as a whole."""
        parts = name.split("/")
        around = ("/".join(parts[:count]) for count in range(1, len(parts)))
        return name in self.outcomes or any(self.outcomes.get(element) == "refused" for element in around)


class Schema:
    def __init__(self, folder):
        self._defines = {}
        self._load(folder, "domaincommon.rng", set())

    def _load(self, folder, name, seen):
        seen.add(name)
        for node in ElementTree.parse(os.path.join(folder, name)).getroot().iter():
            if node.tag == RNG + "include" and node.get("href") not in seen:
                self._load(folder, node.get("href"), seen)
            elif node.tag == RNG + "define":
                self._defines.setdefault(node.get("name"), []).append(node)

    def names(self, define):
        """Returns the paths of the attributes and elements that the definition has in its hostdev."""
        found = set()
        for node in self._defines[define]:
            self._walk(node, "", DEPTH, (), found)
        return {name.removeprefix("hostdev/") for name in found} - {"hostdev"}

    def has(self, element):
        """Returns whether there is an element of that name anywhere."""
        return any(node.get("name") == element for nodes in self._defines.values() for define in nodes
                   for node in define.iter(RNG + "element"))

    def _walk(self, node, path, depth, inside, found):
        for child in node:
            name = child.get("name") or "*"
            if child.tag == RNG + "ref":
                if name not in inside:
                    for define in self._defines[name]:
                        self._walk(define, path, depth, (*inside, name), found)
            elif child.tag == RNG + "attribute":
                found.add(f"{path}@{name}")
            elif child.tag == RNG + "element":
                found.add(path + name)
                if depth > 0:
                    self._walk(child, f"{path}{name}/", depth - 1, inside, found)
            else:
                self._walk(child, path, depth, inside, found)


def hostdev(attributes="", source="", address="", in_source="", children=""):
    return (f"<hostdev mode='subsystem' type='ccw' managed='yes'{attributes}><source{source}><address devno='0x1234'{address}/>"
            f"{in_source}</source>{children}</hostdev>")


def rejected_sample(name):
    """A ccw hostdev with this content. The name is rejected, whatever the value is."""
    element, _, attribute = name.partition("@")
    element = element.rstrip("/")
    given = f" {attribute}='1'" if attribute else ""
    if element == "":
        return hostdev(attributes=given)
    if element == "source":
        return hostdev(source=given)
    if element == "source/address":
        return hostdev(address=given)
    if element.startswith("source/"):
        return hostdev(in_source=f"<{element.removeprefix('source/')}{given}/>")
    if element == "address":
        return hostdev(children=f"<address {GUEST}{given}/>")
    if element.startswith("address/"):
        return hostdev(children=f"<address {GUEST}><{element.removeprefix('address/')}/></address>")
    return hostdev(children=f"<{element}{given}/>")


class HostdevTest:
    def __init__(self, table, virt_ccw, schemas):
        self.table = Table(table)
        self.virt_ccw = virt_ccw
        self.schema = Schema(schemas)

    def _run(self, verb, xml, *options):
        argv = [self.virt_ccw, verb, *options]
        return subprocess.run(argv, input=xml, capture_output=True, text=True, timeout=60, check=False)

    def nothing_missing(self):
        missing = sorted(name for name in self.schema.names("hostdev") if not self.table.covers(name))
        expect(not missing,
               "libvirt's schema allows these in a hostdev, and the table does not have them: " + ", ".join(missing))

    def nothing_else(self):
        other = sorted(set(self.table.outcomes) - self.schema.names("hostdev") - NEWER)
        expect(not other, "the table has what libvirt's schema does not allow in a hostdev: " + ", ".join(other))

    def notices_an_addition(self):
        """Removes a name from the table, and adds one to the schema."""
        del self.table.outcomes["readonly"]
        try:
            self.nothing_missing()
        except Exception as error:  # pylint: disable=broad-except
            expect("readonly" in str(error), error)
        else:
            expect(False, "the table lacks readonly, and the test does not notice")
        finally:
            self.table.outcomes["readonly"] = "refused"
        expect(not self.table.covers("frob") and not self.table.covers("boot/@frob"), "an unknown name is covered")
        expect(self.table.covers("rom/@frob"), "what is in a refused element is not covered")

    def mediated(self):
        """An attribute of a mediated device is passed on, or rejected with a valid reason. If a libvirt has more of
        them, check each: for example, iommufd is rejected because libvirt would ignore it there."""
        expect(self.schema.names("hostdevsubsysmdev") == {"@type", "@model", "@ramfb", "@display", "source", "source/address",
                                                        "source/address/@uuid"},
               f"a mediated device has now {sorted(self.schema.names('hostdevsubsysmdev'))}")

    def loadparm(self):
        boot = "<boot order='1' loadparm='prog1'/>"
        lowered = self._run("lower", DOMAIN % hostdev(children=boot)).stdout
        expect(boot in lowered and "arg value='-machine'/>" in lowered and "arg value='loadparm=PROG1'/>" in lowered, lowered)
        alone = self._run("validate", hostdev(children=boot))
        expect(alone.returncode == 1 and "loadparm of <boot>" in alone.stderr, f"a hostdev alone: {alone.stderr}")

    def iommufd(self):
        """The domain's iommufd is libvirt's, which binds PCI devices to it. An older libvirt's schema has none."""
        xml = (DOMAIN % hostdev()).replace("<os>", "<iommufd enabled='yes'/><os>")
        expect("<iommufd enabled='yes'/>" in self._run("lower", xml).stdout, "the domain's iommufd is lost")
        if not self.schema.has("iommufd"):
            raise StepSkipped("this libvirt has no iommufd for a domain")
        valid, line = self._run("validate", xml), self._run("argv", xml, "--dialect", "stock")
        expect(valid.returncode == 0, f"a domain with an iommufd is not valid: {valid.stderr}")
        expect(line.returncode == 0 and '"driver":"vfio-ccw"' in line.stdout and "iommufd" not in line.stdout,
               f"libvirt has QEMU bind a ccw device to an iommufd: {line.stdout}{line.stderr}")

    def iommufd_of_device(self):
        """libvirt would ignore it."""
        device = hostdev(children="<driver iommufd='yes'/>")
        done = self._run("validate", DOMAIN % device)
        expect(done.returncode == 1 and "only PCI devices to an iommufd" in done.stderr, f"{device}: {done}")

    def row(self, name):
        outcome = self.table.outcomes[name]
        if outcome == "refused":
            done = self._run("validate", rejected_sample(name))
            what = name.rpartition("/")[2].lstrip("@")
            expect(done.returncode == 1, f"{rejected_sample(name)} is valid")
            expect(what in done.stderr or f"<{name.partition('/')[0]}>" in done.stderr,
                   f"{rejected_sample(name)}: the message does not name {what}: {done.stderr}")
            for words in ("the schema does not allow", "not well-formed"):
                expect(words not in done.stderr, f"{rejected_sample(name)} is refused for another reason: {done.stderr}")
            return
        written, lowered = HONOURED[name] if outcome == "honoured" else (PASSED_ON[name], PASSED_ON[name])
        xml = DOMAIN % (hostdev() if outcome == "honoured" else hostdev(children=written))
        expect(written in xml, f"{xml} lacks {written}")
        expect(self._run("validate", xml).returncode == 0, f"{xml} is not valid")
        expect(lowered in self._run("lower", xml).stdout, f"{xml} is lowered without {lowered}")


def main():
    if len(sys.argv) != 4:
        print("usage: hostdev-schema.py HOSTDEV-CCW.RST VIRT-CCW SCHEMAS", file=sys.stderr)
        sys.exit(2)
    steps = Steps(False)
    test = steps.run("the table is read", HostdevTest, *sys.argv[1:])
    steps.run("the table has all that libvirt's schema allows in a hostdev", test.nothing_missing)
    steps.run("and nothing else", test.nothing_else)
    steps.run("an addition is noticed", test.notices_an_addition)
    steps.run("the attributes of a mediated device are unchanged", test.mediated)
    steps.run("a loadparm goes to the machine, too", test.loadparm)
    steps.run("an iommufd of the domain is passed on, and is not the ccw device's", test.iommufd)
    steps.run("an iommufd of the device is refused", test.iommufd_of_device)
    for name, outcome in test.table.outcomes.items():
        steps.run(f"{name} is {outcome}", test.row, name)
    steps.done()


if __name__ == "__main__":
    main()
