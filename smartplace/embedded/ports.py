"""TCP ports on loopback: the one that was asked for, or a free one."""

import socket

from domain.errors import CommandError

LOOPBACK = "127.0.0.1"


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
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


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
