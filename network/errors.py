"""What can go wrong between us and a network server."""

from domain.errors import SmartPlaceError


class NetworkServerError(SmartPlaceError):
    """The network server refuses, or answers something that we do not understand; `call` is what it was asked."""

    def __init__(self, call: str, reason: str) -> None:
        super().__init__(f"{call}: {reason}")
        self.call = call
        self.reason = reason


class NotThereError(NetworkServerError):
    """It knows nothing by this id."""


class AlreadyThereError(NetworkServerError):
    """It has one of this id already, maybe of another tenant."""


class ForbiddenError(NetworkServerError):
    """The API key is wrong, or may not do this."""


class UnreachableError(NetworkServerError):
    """It does not answer; try again later."""


class TooSlowError(NetworkServerError):
    """It did not answer within the deadline: whether it did what was asked is not known."""
