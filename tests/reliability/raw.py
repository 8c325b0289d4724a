"""Opens connections without gRPC, to send arbitrary bytes."""

import resource
import socket


def connect(address, seconds=5):
    """Connects to the path of a Unix socket, or to "host:port"."""
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
