"""One gRPC call: a deadline, the API key, another attempt where that is safe, and its errors in our own words."""

import random
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import grpc

from domain.errors import CommandError
from network.errors import (
    AlreadyThereError,
    ForbiddenError,
    NetworkServerError,
    NotThereError,
    TooSlowError,
    UnreachableError,
)

ATTEMPTS = 4
_BACKOFF_S = 0.25

_ERRORS: dict[Any, type[NetworkServerError]] = {
    grpc.StatusCode.NOT_FOUND: NotThereError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyThereError,
    grpc.StatusCode.PERMISSION_DENIED: ForbiddenError,
    grpc.StatusCode.UNAUTHENTICATED: ForbiddenError,
    grpc.StatusCode.UNAVAILABLE: UnreachableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: TooSlowError,
}


def open_channel(url: str) -> Any:  # noqa: ANN401 - grpc has no types
    """A channel to `http://host:port` (plain) or `https://host[:port]`.

    Raises:
        CommandError: no such address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise CommandError("SMARTPLACE_CHIRPSTACK_URL must be http://host:port or https://host")
    # Our own attempts, and no others: gRPC would repeat calls that are not safe to repeat.
    options = [("grpc.enable_retries", 0)]
    if parts.scheme == "http":
        return grpc.insecure_channel(f"{parts.hostname}:{parts.port or 8080}", options)
    return grpc.secure_channel(f"{parts.hostname}:{parts.port or 443}", grpc.ssl_channel_credentials(), options)


class Caller:
    """Makes calls with one API key; `deadline_s` is for each attempt."""

    def __init__(self, api_key: str, *, deadline_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self._metadata = (("authorization", f"Bearer {api_key}"),)
        self._deadline_s = deadline_s
        self._sleep = sleep

    def once(self, call: Any, request: Any) -> Any:  # noqa: ANN401
        """For calls that make something: whether one did so is not known when it fails on its way.

        Raises:
            NetworkServerError: the subclass says what kind of failure.
        """
        try:
            return call(request, timeout=self._deadline_s, metadata=self._metadata)
        except grpc.RpcError as error:
            # The server's own words stay out: they may quote the request, and with it a key.
            kind = _ERRORS.get(error.code(), NetworkServerError)
            raise kind(type(request).__name__.removesuffix("Request"), _reason(error)) from None

    def repeatable(self, call: Any, request: Any) -> Any:  # noqa: ANN401
        """For calls that may be made twice: up to four attempts while the server is unavailable; errors as `once`."""
        for attempt in range(1, ATTEMPTS):
            try:
                return self.once(call, request)
            except UnreachableError:
                self._sleep(random.uniform(0.5, 1) * _BACKOFF_S * 2**attempt)  # noqa: S311 - only spreads attempts
        return self.once(call, request)


def _reason(error: Any) -> str:  # noqa: ANN401
    return str(error.code().name).lower().replace("_", " ")
