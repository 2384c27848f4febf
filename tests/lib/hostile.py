# SPDX-License-Identifier: LGPL-2.1-or-later
"""Attacks on virtccwd: each function is the attack(counts, number) of an Attacker after its first arguments, and runs
until its process ends."""

import functools
import itertools
import os
import select
import socket
import struct

from bus import Bus
from rpc import AUTH_LIST, AUTH_POLKIT, CAPABILITIES, DEFINE, HOSTNAME, OPEN, OPEN_GRAPHICS_FD, OPEN_QEMU
from rpc import Client, frame, is_ok, string
from steps import StepFailed

DEVICE = "<hostdev mode='subsystem' type='ccw' managed='yes'><source><address devno='0x%04x'/></source></hostdev>"
TEXT_MAX = 4 << 20  # the longest string of libvirt's protocol
ROOM = TEXT_MAX - 8192  # bytes for the hostile part of a domain
FDS = 32  # the most descriptors in a frame
READ_SIZE = 65536  # bytes that virtccwd reads at a time
ENOUGH_REPLIES = 100  # of capabilities, some 10 KB each: more than fits in all buffers in between


def domain(content="", emulator="/usr/bin/qemu-system-s390x", devices=DEVICE % 0x1234):
    """Returns a domain with a ccw device, so that virtccwd parses it."""
    return f"""<domain type='qemu'><name>attack</name><uuid>5d0ff2a5-9a5c-4a9a-8a53-6f3c57a0c001</uuid>
<memory unit='MiB'>64</memory><vcpu>1</vcpu><os><type arch='s390x' machine='s390-ccw-virtio'>hvm</type></os>
{content}<devices><emulator>{emulator}</emulator>{devices}</devices></domain>"""


def metadata(content):
    return f"<metadata>{content}</metadata>"


def repeat(length, piece):
    """Returns piece(0) piece(1) ... of about this many bytes."""
    parts, size = [], 0
    for number in itertools.count():
        part = piece(number)
        size += len(part)
        if size > length:
            return "".join(parts)
        parts.append(part)


def attributes(length):
    return metadata("<a:a xmlns:a='urn:a' " + repeat(length, lambda n: f"a{n:x}='' ") + "/>")


def devices(length):
    return repeat(length, lambda n: DEVICE % (n & 0xffff))


def nested(start, stop):
    """Nests elements as deep as fits in the protocol's longest string."""
    size = len(start(1 << 20)) + len(stop)
    starts = [start(number) for number in range(ROOM // size)]
    return "".join(starts) + stop * len(starts)


def document_type(content, inside):
    return f"<!DOCTYPE domain [{content}]>" + domain(metadata(inside))


# XML for which a parser may take more than linear time.
SHAPES = {
    "4 MiB of attributes": lambda: domain(attributes(ROOM)),
    "4 MiB of attributes of one name": lambda: domain(metadata("<a " + repeat(ROOM, lambda n: "a='' ") + "/>")),
    "4 MiB of namespaces": lambda: domain(metadata("<a " + repeat(ROOM, lambda n: f"xmlns:a{n:x}='u' ") + "/>")),
    "4 MiB of nested elements": lambda: domain(metadata(nested(lambda n: "<a>", "</a>"))),
    "4 MiB of nested namespaces": lambda: domain(metadata(nested(lambda n: f"<a:a xmlns:a='{n:x}'>", "</a:a>"))),
    "4 MiB of elements": lambda: domain(metadata(repeat(ROOM, lambda n: "<a/>"))),
    "4 MiB of comments": lambda: domain(metadata(repeat(ROOM, lambda n: "<!---->"))),
    "4 MiB of character references": lambda: domain(metadata("<a>" + repeat(ROOM, lambda n: "&#65;") + "</a>")),
    "4 MiB of ccw hostdevs": lambda: domain(devices=devices(ROOM)),
    "4 MiB of attribute declarations": lambda: document_type(repeat(ROOM, lambda n: f"<!ATTLIST a a{n:x} CDATA ''>"), "<a/>"),
    "entities of entities": lambda: document_type("<!ENTITY e0 'xxxxxxxxxx'>" + "".join(
        f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 9)), "<a>&e8;</a>"),
}


def count_reply(counts, reply):
    counts.add("answered" if is_ok(reply) else "refused")


def call_again_and_again(client, counts, procedure, payloads):
    """Sends all the payloads in turns, each after the reply to the one before."""
    for payload in payloads:
        client.send(procedure, payload)
        counts.add("sent")
        count_reply(counts, client.receive())


def connect(path, counts, timeout=600):
    client = Client(path, timeout)
    counts.add("connected")
    return client


def log_in(path, counts, _number):
    """Connects, logs in by polkit, and leaves: no attack, but virtccwd handles it alone."""
    while True:
        with Client(path, is_open=False) as client:
            client.log_in()
        counts.add("answered")


def define(path, xml, counts, _number):
    """libvirt ends the connection if its error, with a line of the XML in it, is too long for its protocol."""
    payload = string(xml)
    while True:
        try:
            with connect(path, counts) as client:
                call_again_and_again(client, counts, DEFINE, itertools.repeat(payload))
        except (OSError, StepFailed):
            counts.add("refused")


def define_together(path, xml, barrier, counts, _number):
    """The same, after all threads have connected."""
    with connect(path, counts) as client:
        barrier.wait()
        call_again_and_again(client, counts, DEFINE, itertools.repeat(string(xml)))


def define_spellings(path, each, counts, number):
    """Defines domains whose emulators are one file under many names: each thread has its own names."""
    with connect(path, counts) as client:
        emulators = ("/usr/bin/" + "./" * (number * each + n) + "qemu-system-s390x" for n in itertools.cycle(range(each)))
        call_again_and_again(client, counts, DEFINE, (string(domain(emulator=emulator)) for emulator in emulators))


def call_for_domain(path, name, procedure, rest, counts, _number):
    """Repeats one call for one domain."""
    with connect(path, counts) as client:
        call_again_and_again(client, counts, procedure, itertools.repeat(client.find_domain(name) + rest))


def flip_emulator(path, link, targets, counts, number):
    """The first thread changes the target of a symbolic link; the others define domains with the link as their
    emulator."""
    if number > 0:
        define(path, domain(emulator=link), counts, number)
    for target in itertools.cycle(targets):
        os.symlink(target, f"{link}.new")
        os.rename(f"{link}.new", link)


def byte_by_byte(path, xml, counts, _number):
    with connect(path, counts) as client:
        while True:
            data = client.next_frame(DEFINE, string(xml))
            for at in range(len(data)):
                client.socket.sendall(data[at:at + 1])
                if at % 1024 == 0:
                    counts.add("sent")
            count_reply(counts, client.receive())


def send_until_blocked(client, counts, calls):
    """Repeats these calls until virtccwd has read none for a second, and reads no reply."""
    client.socket.settimeout(1)
    try:
        for call in itertools.cycle(calls):
            client.send(*call)
            counts.add("sent")
    except TimeoutError:
        pass
    except OSError:
        counts.add("refused")


def never_read(path, calls, counts, _number):
    """Sends calls, which are pairs of procedure and payload, one after another, and reads no reply."""
    client = connect(path, counts)
    send_until_blocked(client, counts, calls)
    keep(client)


LINGER = 60  # seconds
KEPT = []


def keep(client):
    """Opens a connection and keeps it open."""
    KEPT.append(client)


@functools.lru_cache
def unfinished_frame(length):
    """Returns all but the last byte of a call. Cached, because it has megabytes, and there are many clients."""
    return frame(DEFINE, struct.pack(">I", length) + b"x" * length)[:-1]


def keep_unfinished(path, length, counts, _number):
    """Sends a frame without its last byte."""
    client = connect(path, counts)
    client.socket.settimeout(2)
    try:
        client.socket.sendall(unfinished_frame(length))
        counts.add("sent")
    except OSError:
        counts.add("refused")
    keep(client)


def send_descriptors(path, counts, _number):
    """Sends calls with descriptors to a libvirt that cannot read them, as its earlier replies are not read."""
    client = connect(path, counts)
    client.socket.settimeout(2)
    for _ in range(ENOUGH_REPLIES):
        client.send(CAPABILITIES)
    with open("/dev/null", "rb") as null:
        try:
            while True:
                client.send_fds(HOSTNAME, b"", [null.fileno()] * FDS)
                counts.add("sent")
        except OSError:
            counts.add("refused")
    keep(client)


def ask_for_descriptors(path, name, counts, _number):
    """Requests replies with a descriptor each, and reads none."""
    client = connect(path, counts)
    payload = client.find_domain(name) + struct.pack(">II", 0, 1)  # the first display, without authentication
    send_until_blocked(client, counts, [(OPEN_GRAPHICS_FD, payload)])
    keep(client)


def never_read_rejections(path, procedure, payload, counts, _number):
    """The same with calls that virtccwd itself rejects, as the connection is not open."""
    client = Client(path, is_open=False)
    client.log_in()
    counts.add("connected")
    send_until_blocked(client, counts, [(procedure, payload)])
    keep(client)


def call_and_read(path, is_open, call, clients, counts, _number):
    """Sends a call that virtccwd answers by itself, on many connections, as often as possible, and reads the answers."""
    calls, waste = memoryview(call * (READ_SIZE // len(call) * 2)), bytearray(1 << 20)
    poll, state = select.epoll(), {}
    for _ in range(clients):
        client = Client(path, is_open=is_open)
        if not is_open:
            client.log_in()
        client.socket.setblocking(False)
        state[client.socket.fileno()] = [client, 0]
        poll.register(client.socket, select.EPOLLIN | select.EPOLLOUT)
        counts.add("connected")
    while True:
        for number, events in poll.poll():
            client, sent = state[number]
            try:
                if events & select.EPOLLIN and not client.socket.recv_into(waste):
                    counts.add("refused")
                    poll.unregister(number)
                if events & select.EPOLLOUT:
                    state[number][1] = (sent + client.socket.send(calls[sent:])) % len(calls)
                    counts.add("sent")
            except BlockingIOError:
                pass


def announce(path, length, counts, _number):
    """Sends only the header of a call. Before the connection is open, virtccwd reads every call, on either socket."""
    client = Client(path, is_open=False)
    client.log_in()
    client.socket.sendall(struct.pack(">I", length) + frame(HOSTNAME, serial=99)[4:])
    counts.add("sent")
    keep(client)


SO_PASSRIGHTS = 83  # include/uapi/asm-generic/socket.h of Linux 6.16


def can_reject_descriptors():
    with socket.socket(socket.AF_UNIX) as any_socket:
        try:
            any_socket.getsockopt(socket.SOL_SOCKET, SO_PASSRIGHTS)
            return True
        except OSError:
            return False


def may_send_descriptor(client):
    """Sends a descriptor of /dev/null. Returns False when the kernel rejects it."""
    with open("/dev/null", "rb") as null:
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("=i", null.fileno()))]
        try:
            client.sendmsg([b"x"], control)
            return True
        except PermissionError:
            return False


def lingering_connection(address):
    """Returns the descriptor of a TCP connection with data that its peer does not read: the process that closes it last
    waits."""
    peer = socket.socket(socket.AF_INET)
    peer.connect(address)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    peer.setblocking(False)
    try:
        while True:
            peer.send(bytes(65536))
    except BlockingIOError:
        return peer.detach()


def send_lingering(path, address, before, counts, _number):
    """Sends a descriptor that no frame announces, and whose close(2) waits. virtccwd receives it after polkit has
    answered. If virtccwd was faster all the same, this thread waits."""
    number = lingering_connection(address)
    client = Client(path, is_open=False)
    first = b"".join(client.next_frame(AUTH_POLKIT) for _ in range(8)) + before
    last = [client.next_frame(HOSTNAME)]
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("=i", number))]
    client.socket.sendall(first)
    try:
        client.socket.sendmsg(last, control)
    except OSError:  # virtccwd accepts no descriptors here
        counts.add("refused")
    else:
        os.close(number)
    counts.add("sent")
    keep(client)


def signal_lingering(pid, address, counts, _number):
    """Sends a descriptor whose close(2) waits in a signal on the message bus, to that process's connection. If the bus
    did not pass it on, the bus and with it all its users would wait; so the test first tries it with another
    descriptor."""
    with Bus() as bus, open("/dev/null", "rb") as null:
        name = bus.name_of(pid)
        bus.signal(name, "h", bytes(4), [null.fileno()])
        bus.ask("GetId")  # the answer to the signal comes before the answer to this call
        if bus.errors:
            counts.add("refused")
        else:
            fd = lingering_connection(address)
            bus.signal(name, "h", bytes(4), [fd])
            os.close(fd)
            counts.add("sent")
        while True:
            bus.receive()


def signal_many_values(pid, length, counts, _number):
    """Sends a signal of this many bytes to that process, with a value of a type of its own in each four of them."""
    values = b"\1y\0\0" * (length // 4)
    with Bus() as bus:
        bus.signal(bus.name_of(pid), "av", struct.pack("<I", len(values)) + values)
        counts.add("sent")
        bus.ask("GetId")
        counts.add("answered")
        while True:
            bus.receive()


def signal_again_and_again(pid, counts, _number):
    """Sends small signals to that process, as fast as the message bus accepts them."""
    with Bus() as bus:
        name = bus.name_of(pid)
        while True:
            for _ in range(100):
                bus.signal(name)
            counts.add("sent", 100)
            bus.ask("GetId")


LOG_IN = frame(AUTH_LIST, serial=1) + frame(AUTH_POLKIT, serial=2) + frame(OPEN, OPEN_QEMU, serial=3)
LOG_IN_CALLS = 3


def connect_once(path, data, counts):
    """Returns a connection with some calls whose replies are not read, or None if it was not accepted."""
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(0.5)
    try:
        client.connect(path)
        client.sendall(data)
    except OSError:
        counts.add("refused")
        client.close()
        return None
    counts.add("connected")
    return client


def whole_frames(data):
    """Returns the frames at the beginning of data without their length words, and the rest."""
    frames = []
    while len(data) >= 4 and len(data) >= struct.unpack(">I", data[:4])[0]:
        length = struct.unpack(">I", data[:4])[0]
        frames.append(data[4:length])
        data = data[length:]
    return frames, data


def flood(paths, data, times, counts, _number):
    """Opens many connections to each of the sockets, all of which stay open. Those that are accepted count as answered."""
    clients = [connect_once(path, data, counts) for _ in range(times) for path in paths]
    waiting = {client.fileno(): [client, b"", 0] for client in clients if client}
    poll = select.poll()
    for number in waiting:
        poll.register(number, select.POLLIN)
    while True:
        for number, _ in poll.poll():
            state = waiting[number]
            frames, state[1] = whole_frames(state[1] + receive_some(state[0]))
            state[2] += sum(map(is_ok, frames))
            if not frames and not state[1] or not all(map(is_ok, frames)):
                counts.add("refused")
                poll.unregister(number)
            elif state[2] == LOG_IN_CALLS:
                counts.add("answered")


def receive_some(client):
    try:
        return client.recv(65536)
    except OSError:
        return b""


def reconnect(path, data, counts, _number):
    """Connects and leaves."""
    while True:
        client = connect_once(path, data, counts)
        if client:
            client.close()


# The stage at which a client leaves: at once, within a frame, or after parts of its login.
HALF = len(frame(AUTH_LIST)) // 2
STAGES = (b"", frame(AUTH_LIST)[:HALF], frame(AUTH_LIST), frame(AUTH_POLKIT), LOG_IN[:-HALF], LOG_IN, LOG_IN + LOG_IN[:HALF])


def churn(paths, counts, _number):
    """Connects to each of the sockets, and leaves at each stage of a login."""
    for path, data in itertools.cycle(itertools.product(paths, STAGES)):
        client = connect_once(path, data, counts)
        if client:
            client.close()


def churn_behind(path, holders, times, data, counts, _number):
    """Keeps some connections open without sending anything, and opens many that leave at once."""
    for _ in range(holders):
        keep(connect_once(path, b"", counts))
    for _ in range(times):
        while not (client := connect_once(path, data, counts)):
            pass
        client.close()
        counts.add("sent")


def call_rejected(path, times, counts, _number):
    """Makes calls that virtccwd or libvirt rejects."""
    payload = string(domain())
    with connect(path, counts) as client:
        call_again_and_again(client, counts, DEFINE, itertools.repeat(payload, times))


def connect_rejected(path, times, counts, _number):
    """Opens connections that end because of what they send, or that virtccwd rejects because the client is not
    authenticated."""
    for number in range(times):
        try:
            with Client(path, is_open=False) as client:
                if number % 2:
                    client.socket.sendall(b"GET / HTTP/1.0\r\n\r\n" + b"x" * 64)
                    client.receive()
                count_reply(counts, client.call(HOSTNAME))
        except (OSError, StepFailed):
            counts.add("refused")
