"""TCP ports on loopback: the one that was asked for, or a free one."""

import random
import socket

from domain.errors import CommandError

LOOPBACK = "127.0.0.1"

# Below those that systems give to outgoing connections: 32768 and up on Linux, 49152 and up elsewhere.
_SERVER_PORTS = range(20_000, 32_000)

# Whoever was given one may not listen there yet.
_given: set[int] = set()


def is_free(port: int) -> bool:
    """Whether nobody listens there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection is given by chance before somebody does.

    This process never gives out the same one twice.

    Raises:
        CommandError: every port is in use.
    """
    for port in random.sample(_SERVER_PORTS, k=len(_SERVER_PORTS)):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise CommandError(f"no port from {_SERVER_PORTS[0]} to {_SERVER_PORTS[-1]} is free")


def claim(port: int | None, *, option: str, usual: int | None = None) -> int:
    """The port that was asked for; else the usual one if it is free; else any free one.

    Raises:
        CommandError: the port that was asked for is in use.
    """
    if port is not None:
        if not is_free(port):
            raise CommandError(f"port {port} is in use; choose another with {option}")
        return port
    return usual if usual is not None and is_free(usual) else free_port()
