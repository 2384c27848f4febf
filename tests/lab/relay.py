# SPDX-License-Identifier: LGPL-2.1-or-later
"""A relay between virtccwd and libvirtd that stops at a frame which a test chooses. So a test can make something happen
between two calls to libvirt, or while libvirt handles one, each time. The relay can also change libvirt's answers."""

import os
import socket
import struct
import threading

from rpc import REMOTE, REPLY
from steps import StepFailed
from waiting import DEADLINE


class Hold:
    """Stops the next frame of a kind: the first `skip` of them pass, and so do those after it."""

    def __init__(self, relay, procedure, kind, skip):
        self.relay, self.procedure, self.kind, self.skip = relay, procedure, kind, skip
        self._reached, self._go = threading.Event(), threading.Event()

    def wants(self, procedure, kind):
        if (procedure, kind) != (self.procedure, self.kind):
            return False
        self.skip -= 1
        return self.skip == -1

    def stop(self):
        self._reached.set()
        self._go.wait(DEADLINE)

    def reached(self):
        if not self._reached.wait(DEADLINE):
            raise StepFailed(f"procedure {self.procedure} was not {'answered' if self.kind == REPLY else 'called'}")
        return self

    def go(self):
        self.relay.forget(self)
        self._go.set()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.go()


class Relay:
    """Takes the place of libvirtd's socket. Connections from before do not go through it."""

    def __init__(self, path):
        self.path, self.real = path, path + "-real"
        self._lock = threading.Lock()
        self._holds = []
        self._edits = {}
        self._heard, self._deaf = set(), set()  # connections of clients
        os.rename(path, self.real)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        os.rename(self.real, self.path)
        self._listener.close()

    def hold(self, procedure, kind, skip=0):
        hold = Hold(self, procedure, kind, skip)
        with self._lock:
            self._holds.append(hold)
        return hold

    def edit(self, procedure, kind, function):
        """The function rewrites all frames of a kind, without changing their length."""
        self._edits[procedure, kind] = function

    def forget(self, hold):
        with self._lock:
            if hold in self._holds:
                self._holds.remove(hold)

    def deafen(self):
        """Imitates libvirtd's end, before the clients notice it: on the present connections each write raises SIGPIPE,
        while what libvirtd sends still arrives, and there is no end of file."""
        with self._lock:
            self._deaf |= self._heard
            for client in self._heard:
                client.shutdown(socket.SHUT_RD)
            self._heard.clear()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.real)
            except OSError:
                client.close()
                continue
            with self._lock:
                self._heard.add(client)
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pass(self, frame):
        program, _version, procedure, kind = struct.unpack(">IIII", frame[4:20])
        if program != REMOTE:
            return frame
        with self._lock:
            holds = [hold for hold in self._holds if hold.wants(procedure, kind)]
        for hold in holds:
            hold.stop()
        return self._edits.get((procedure, kind), bytes)(frame)

    def _pump(self, source, target):
        try:
            while True:
                frame = _read(source, 4)
                frame += _read(source, struct.unpack(">I", frame)[0] - 4)
                target.sendall(self._pass(frame))
        except (OSError, EOFError):
            self._close(source, target)

    def _close(self, source, target):
        with self._lock:
            if source in self._deaf:  # the other direction continues
                return
            self._heard -= {source, target}
            self._deaf.discard(target)
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def _read(source, length):
    data = b""
    while len(data) < length:
        more = source.recv(length - len(data))
        if not more:
            raise EOFError
        data += more
    return data
