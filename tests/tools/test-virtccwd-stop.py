#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""virtccwd ends when it gets a signal, whatever its threads do: its main function returns, so that a sanitizer's build
also finds leaks, and uses of freed memory. The backend is a socket of this test. TAP.

    test-virtccwd-stop.py VIRTCCWD
"""

import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading

import rpc
from files import temporary_folder
from tap import Tap
from waiting import DEADLINE, wait_until

NAME = "libvirt-sock"
# libvirt's answers; all other calls get an empty answer.
ANSWERS = {
    rpc.AUTH_LIST: struct.pack(">II", 1, 0),
    rpc.FEATURE: struct.pack(">i", 1),
    rpc.EVENT_CALLBACK_REGISTER_ANY: struct.pack(">i", 1),
    rpc.LIST_ALL_DOMAINS: struct.pack(">II", 0, 0),
}


def syscall_of(pid, task):
    """Returns the words of the system call in which a thread waits; empty: it runs."""
    with open(f"/proc/{pid}/task/{task}/syscall", encoding="ascii") as file:
        words = file.read().split()
    return [] if words == ["running"] else words


class Backend:
    """libvirt's socket, whose queue holds one connection that is not accepted."""

    def __init__(self, folder):
        self.path = os.path.join(folder, NAME)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(0)
        self.open = [self.listener]
        self.is_silent = threading.Event()

    def has_client(self):
        return bool(select.select([self.listener], [], [], 0)[0])

    def fill(self):
        """Fills the queue, so that the next connect(2) waits."""
        while True:
            client = socket.socket(socket.AF_UNIX)
            client.setblocking(False)
            self.open.append(client)
            try:
                client.connect(self.path)
            except BlockingIOError:
                return

    def number_of_connect(self):
        """Returns the system call number of connect(2), which /proc shows for a thread of this test that waits in it.
        The thread waits until the listener is closed."""
        client = socket.socket(socket.AF_UNIX)
        self.open.append(client)
        thread = threading.Thread(target=client.connect_ex, args=(self.path,), daemon=True)
        thread.start()
        found = []

        def waits():
            found[:] = syscall_of(os.getpid(), thread.native_id)
            return found[1:2] == [hex(client.fileno())]
        wait_until(waits, "a thread of this test waits in connect(2)")
        return found[0]

    def serve(self, silent_at):
        """Answers every connection as libvirt does. From the first call of the procedure silent_at on, that connection
        gets no answer."""
        def accept():
            while True:
                client = self.listener.accept()[0]
                self.open.append(client)
                threading.Thread(target=self._answer, args=(client, silent_at), daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()

    def _answer(self, client, silent_at):
        while head := client.recv(rpc.HEAD, socket.MSG_WAITALL):
            length, program, version, procedure, _, serial, _ = struct.unpack(">IIIiIII", head)
            if length > rpc.HEAD:
                client.recv(length - rpc.HEAD, socket.MSG_WAITALL)
            if procedure == silent_at:
                self.is_silent.set()
                return
            payload = ANSWERS.get(procedure, b"")
            client.sendall(struct.pack(">IIIiIII", rpc.HEAD + len(payload), program, version, procedure, rpc.REPLY, serial, 0)
                           + payload)

    def wait_silent(self, what):
        assert self.is_silent.wait(DEADLINE), f"not in {DEADLINE} seconds: {what}"

    def close(self):
        for each in self.open:
            each.close()


class Daemon:
    def __init__(self, program, folder):
        for name in ("front", "backend", "run", "sys"):
            os.mkdir(os.path.join(folder, name))
        self.front = os.path.join(folder, "front", NAME)
        config = os.path.join(folder, "virtccwd.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write('auth_unix_rw = "none"\nauth_unix_ro = "none"\n')
        ready, ready_there = os.pipe()
        self.process = subprocess.Popen(
            [program, "--config", config, "--socket-dir", os.path.join(folder, "front"), "--backend-dir",
             os.path.join(folder, "backend"), "--sysfs-root", os.path.join(folder, "sys"), "--run-dir",
             os.path.join(folder, "run"), "--ready-fd", str(ready_there)],
            pass_fds=[ready_there], stderr=subprocess.PIPE, text=True)
        os.close(ready_there)
        self.ready = ready

    def wait_ready(self):
        assert select.select([self.ready], [], [], DEADLINE)[0] and os.read(self.ready, 1), "virtccwd does not start"
        os.close(self.ready)

    def is_connecting(self, number):
        """Returns whether the watcher's thread waits in connect(2), which has this number."""
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/comm", encoding="ascii", errors="replace") as file:
                name = file.read().strip()
            if name == "watcher":
                return syscall_of(self.process.pid, task)[:1] == [number]
        return False

    def stop(self):
        """Returns (exit code, messages)."""
        self.process.send_signal(signal.SIGTERM)
        try:
            messages = self.process.communicate(timeout=DEADLINE)[1]
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None, "it does not end\n" + self.process.communicate()[1]
        return self.process.returncode, messages


def no_backend(daemon, _folder):
    daemon.wait_ready()


def silent(daemon, folder):
    backend = Backend(folder)
    daemon.wait_ready()
    wait_until(backend.has_client, "the watcher connects")
    return backend


def full(daemon, folder):
    backend = Backend(folder)
    backend.fill()
    number = backend.number_of_connect()
    daemon.wait_ready()
    wait_until(lambda: daemon.is_connecting(number), "the watcher waits in connect(2)")
    return backend


def stalled(daemon, folder):
    backend = Backend(folder)
    backend.serve(rpc.LIST_ALL_DOMAINS)
    daemon.wait_ready()
    backend.wait_silent("the watcher lists the domains")
    return backend


def with_client(daemon, folder):
    """libvirt has a client's call and does not answer. The watcher makes no such call."""
    backend = Backend(folder)
    backend.serve(rpc.HOSTNAME)
    daemon.wait_ready()
    client = rpc.Client(daemon.front, DEADLINE)
    client.send(rpc.HOSTNAME)
    backend.open.append(client)
    backend.wait_silent("libvirt has the client's call")
    return backend


CASES = (
    ("while it waits for libvirt's socket", no_backend),
    ("while libvirt does not answer a new connection", silent),
    ("while libvirt takes no connection", full),
    ("while libvirt does not list the domains", stalled),
    ("while libvirt does not answer a client", with_client),
)


def main():
    tap = Tap()
    for what, prepare in CASES:
        with temporary_folder() as folder:
            daemon = Daemon(sys.argv[1], folder)
            try:
                backend = prepare(daemon, os.path.join(folder, "backend"))
            except BaseException:
                daemon.process.kill()
                tap.note(daemon.process.communicate()[1])
                raise
            code, messages = daemon.stop()
            tap.ok(code == 0 and "Sanitizer" not in messages, f"it ends {what}", f"exit code {code}", messages)
            if backend:
                backend.close()
    tap.done()


if __name__ == "__main__":
    main()
