# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads blocks out of a CKD image, independently of the project's own code. Format: docs/dasd.md."""

import hashlib
import os

HEADER_SIZE = 512
TRACK_SIZE = 56832
END = b"\xff" * 8
BLOCKS = 12  # 4096-byte blocks on a track


class CkdImage:
    def __init__(self, path):
        self._file = open(path, "rb")  # pylint: disable=consider-using-with
        self._number = None
        self._records = []
        self._track = b""  # up to its end

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def _load(self, number):
        if number == self._number:
            return
        self._file.seek(HEADER_SIZE + number * TRACK_SIZE)
        slot = self._file.read(TRACK_SIZE)
        self._records = []
        at = 5
        while slot[at:at + 8] != END:
            key, data = slot[at + 5], int.from_bytes(slot[at + 6:at + 8], "big")
            self._records.append(slot[at + 8 + key:at + 8 + key + data])
            at += 8 + key + data
        self._track = slot[:at + 8]
        self._number = number

    def sha256(self):
        """Returns the checksum of all tracks of an image without holes. Bytes after the end of a track do not belong to
        it: Hercules writes uninitialised memory there."""
        total = hashlib.sha256()
        for number in range((os.fstat(self._file.fileno()).st_size - HEADER_SIZE) // TRACK_SIZE):
            self._load(number)
            total.update(self._track)
        return total.hexdigest()

    def records(self, number):
        """Returns the data of a track's records, except R0."""
        self._load(number)
        return self._records[1:]

    def block(self, number):
        """Returns the 4096 bytes that Linux shows as this block of the whole volume."""
        self._load(number // BLOCKS)
        return self._records[1 + number % BLOCKS]
