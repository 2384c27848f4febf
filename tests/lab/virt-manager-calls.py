#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does with a device and a domain what virt-manager does, by its own library (virtinst): lists the node devices, adds
one to a running guest and to its definition, reads the guest, removes the device from both. test-nodedev.py runs it in
a lab and makes the domain: virt-manager-calls.py NODE-DEVICE DOMAIN. Prints one line for each result."""

import sys

import libvirt

sys.path.insert(0, "/usr/share/virt-manager")  # virtinst is not in Python's own path
# pylint: disable=wrong-import-position,import-error
from virtinst import DeviceHostdev, DomainCapabilities, Guest, NodeDevice, VirtinstConnection

BOTH = libvirt.VIR_DOMAIN_AFFECT_LIVE | libvirt.VIR_DOMAIN_AFFECT_CONFIG


def hostdevs(connection, domain, flags):
    """Returns the devices as virt-manager's details of a guest show them."""
    return Guest(connection, parsexml=domain.XMLDesc(flags)).devices.hostdev


def main(name, guest):
    connection = VirtinstConnection(None)
    connection.open(None, None)
    print("listed:", name in [node.name for node in connection.fetch_all_nodedevs()])
    capabilities = DomainCapabilities.build_from_params(connection, None, "s390x", None, "qemu")
    print("domain capabilities:", capabilities.arch)

    device = DeviceHostdev(connection)
    device.set_from_nodedev(NodeDevice(connection, connection.nodeDeviceLookupByName(name).XMLDesc(0)))
    domain = connection.lookupByName(guest)
    domain.attachDeviceFlags(device.get_xml(), BOTH)
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        print("added:", [(each.type, each.managed) for each in hostdevs(connection, domain, flags)])

    # From the running guest by the device's XML, from the definition by another definition.
    domain.detachDeviceFlags(hostdevs(connection, domain, 0)[0].get_xml(), libvirt.VIR_DOMAIN_AFFECT_LIVE)
    definition = Guest(connection, parsexml=domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    definition.remove_device(definition.devices.hostdev[0])
    connection.defineXML(definition.get_xml())
    for flags in (0, libvirt.VIR_DOMAIN_XML_INACTIVE):
        print("removed:", len(hostdevs(connection, domain, flags)))


if __name__ == "__main__":
    main(*sys.argv[1:])
