"""Opens connections without gRPC, to send arbitrary bytes."""

import os
import resource
import socket
import threading

FIRST_USER = 30_000
user_lock = threading.Lock()


def connect_as(number, address):
    """Connects as the caller with that number: over TCP from a loopback address of its own, over a Unix socket, as root, as a
    user of its own."""
    if not address.startswith("/"):
        return connect(address, source=f"127.{1 + number // 2**16 % 250}.{number // 2**8 % 2**8}.{number % 2**8}")
    if os.geteuid() != 0:
        return connect(address)
    # The kernel keeps the effective user of the process for the server to ask for.
    with user_lock:
        os.seteuid(FIRST_USER + number % 2**15)
        try:
            return connect(address)
        finally:
            os.seteuid(0)


def connect(address, seconds=5, source=None):
    """Connects to the path of a Unix socket, or to "host:port", there from the address `source`."""
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        target = address
    else:
        connection = socket.socket(socket.AF_INET)
        host, port = address.rsplit(":", 1)
        target = (host, int(port))
    connection.settimeout(seconds)
    try:
        if source:
            connection.bind((source, 0))
        connection.connect(target)
    except BaseException:
        connection.close()
        raise
    return connection


def read_until_closed(connection, seconds):
    """Reads until the peer closes the connection or `seconds` pass without data; returns the data, and whether it closed."""
    received = b""
    connection.settimeout(seconds)
    try:
        while True:
            piece = connection.recv(65536)
            if not piece:
                return received, True
            received += piece
    except TimeoutError:
        return received, False
    except OSError:
        return received, True


def allow_descriptors(count):
    """Raises the limit of descriptors of this process, and of those that it starts, to the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))
