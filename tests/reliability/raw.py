"""Connections without gRPC."""

import resource
import socket


def connect(address, seconds=5):
    """To a path, or to "host:port"."""
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX)
        target = address
    else:
        connection = socket.socket(socket.AF_INET)
        host, port = address.rsplit(":", 1)
        target = (host, int(port))
    connection.settimeout(seconds)
    try:
        connection.connect(target)
    except BaseException:
        connection.close()
        raise
    return connection


def read_until_closed(connection, seconds):
    """What came until the other side hung up, and whether it did within `seconds` without a word."""
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
    """Raises this process's limit, and of those it starts, as far as it goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(count, hard)), hard))
