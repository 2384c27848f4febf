# SPDX-License-Identifier: LGPL-2.1-or-later
"""A host with a neighbour, for tests of a lab's network: one network namespace of the test is the host, which a virtual
cable connects to another one with an HTTP server and a name server. So the test does not need the machine's network."""

import os
import socket
import subprocess
import sys
import threading

NEIGHBOUR, HOST, PORT, LOOPBACK_PORT = "198.51.100.1", "198.51.100.2", 8080, 8081
NAME = "neighbour.example"
TEXT = "neighbour"
INSIDE = "LIBVIRT_CCW_TEST_HOST"  # the folder of the test, once its network namespace is the host


def _serve(address, port, text):
    """Gives each client the same answer."""
    listening = socket.create_server((address, port))

    def run():
        while True:
            peer = listening.accept()[0]
            peer.sendall(f"HTTP/1.0 200 OK\r\n\r\n{text}\n".encode())
            peer.close()
    threading.Thread(target=run, daemon=True).start()


def _serve_names():
    """A name server that knows one address, for IPv4: it copies the question into its answer (RFC 1035)."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.bind((NEIGHBOUR, 53))
    while True:
        question, peer = listening.recvfrom(512)
        end = question.index(b"\0", 12) + 5
        is_address = question[end - 4:end - 2] == b"\0\1"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(NEIGHBOUR) if is_address else b""
        head = question[:2] + b"\x81\x80\0\1" + (b"\0\1" if answer else b"\0\0") + b"\0\0\0\0"
        listening.sendto(head + question[12:end] + answer, peer)


def _neighbour():
    """The main function of the neighbour's process, in its own network namespace: begins when the host connects the
    cable."""
    print("there", flush=True)
    sys.stdin.readline()
    for command in ("ip link set lo up", f"ip addr add {NEIGHBOUR}/24 dev eth0", "ip link set eth0 up"):
        subprocess.run(command.split(), check=True)
    _serve(NEIGHBOUR, PORT, TEXT)
    print("serving", flush=True)
    _serve_names()


def make_host():
    """The host: its network has a neighbour that routes and resolves names."""
    process = subprocess.Popen(["unshare", "--net", sys.executable, os.path.abspath(__file__)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    for command in ("ip link set lo up", f"ip link add eth0 type veth peer name eth0 netns {process.pid}",
                    f"ip addr add {HOST}/24 dev eth0", "ip link set eth0 up", f"ip route add default via {NEIGHBOUR}"):
        subprocess.run(command.split(), check=True)
    process.stdin.write("go\n")
    process.stdin.flush()
    process.stdout.readline()
    _serve("127.0.0.1", LOOPBACK_PORT, "loopback")
    return process


def enter_host(folder):
    """Starts this program again with a network and an /etc/resolv.conf of its own."""
    if os.environ.get(INSIDE):
        return
    resolver = os.path.join(folder, "resolv.conf")
    with open(resolver, "w", encoding="ascii") as file:
        file.write(f"nameserver {NEIGHBOUR}\n")
    os.chmod(resolver, 0o644)
    target = os.path.realpath("/etc/resolv.conf")
    script = f'mount --bind {resolver} {target} && exec "$@"'
    code = subprocess.call(["unshare", "--net", "--mount", "sh", "-c", script, "sh", sys.executable, *sys.argv],
                           env=dict(os.environ, **{INSIDE: folder}))
    sys.exit(code)


if __name__ == "__main__":
    _neighbour()
