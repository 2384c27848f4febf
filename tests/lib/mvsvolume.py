# SPDX-License-Identifier: LGPL-2.1-or-later
"""Input files of Hercules' dasdload, which makes MVS volumes: an unloaded partitioned data set, and an object deck."""

import struct

CARD = 80
TEXT = 56  # bytes of text on a card
HEADS = 15
ORGANIZATION_PARTITIONED = 0x0200
FORMAT_FIXED_BLOCKED = 0x90
DEVICE_3390 = 0x3010200F
LAST_NAME = b"\xff" * 8
DIRECTORY_BYTES = 256
BLOCKS = 10  # on a track of the data set that IEBCOPY would have read


def ebcdic(text):
    return text.encode("cp037")


def _block(track, record, key, data):
    return struct.pack(">4x2H2BH", *divmod(track, HEADS), record, len(key), len(data)) + key + data


def unloaded_pds(members, record_length, block_size):
    """Returns what IEBCOPY's unload makes of a partitioned data set. members: {name: bytes, in whole records}"""
    blocks, entries = [], b""
    for name, data in sorted(members.items()):
        first = len(blocks)
        # The directory has the track and the record of each member. The directory itself is on track 0.
        entries += ebcdic(name.ljust(8)) + struct.pack(">HBB", 1 + first // BLOCKS, 1 + first % BLOCKS, 0)
        blocks += [data[at:at + block_size] for at in range(0, len(data), block_size)] + [b""]  # the end of the member
    directory = struct.pack(">H", 2 + len(entries) + 12) + entries + LAST_NAME + bytes(4)
    assert len(directory) <= DIRECTORY_BYTES
    header = struct.pack(">I3H4BHIIHH", 0x00CA6D0F, ORGANIZATION_PARTITIONED, block_size, record_length, FORMAT_FIXED_BLOCKED,
                         0, 0, 0, 0, DEVICE_3390, 32760, 1113, HEADS)
    tracks = 1 + (len(blocks) + BLOCKS - 1) // BLOCKS
    extent = struct.pack(">6x5H", 0, 0, *divmod(tracks - 1, HEADS), tracks)
    return (header.ljust(56, b"\0") + (b"\1" + bytes(15) + extent).ljust(276, b"\0") +
            _block(0, 1, LAST_NAME, directory.ljust(DIRECTORY_BYTES, b"\0")) + bytes(12) +
            b"".join(_block(1 + at // BLOCKS, 1 + at % BLOCKS, b"", data) for at, data in enumerate(blocks)))


def object_deck(text):
    """Returns the cards of a program that is loaded at address 0."""
    def card(kind, address=0, data=b""):
        head = b"\2" + ebcdic(kind + " ") + address.to_bytes(3, "big") + ebcdic("  ") + len(data).to_bytes(2, "big")
        return (head.ljust(16, ebcdic(" ")) + data).ljust(CARD, ebcdic(" "))
    return b"".join(card("TXT", at, text[at:at + TEXT]) for at in range(0, len(text), TEXT)) + card("END")
