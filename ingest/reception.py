"""How well gateways heard a frame, and whether its names agree: the same questions for every LoRaWAN network server."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from domain.errors import InvalidIdError, Reason, RejectedFrameError
from domain.ids import DeviceId, parse_dev_eui
from domain.uplinks import Hearing

MAX_F_CNT = 2**32 - 1
_MOST_GATEWAYS = 1000
_MOST_SESSION = 64
# The best heard of them: what is behind these helps nobody, and a row must stay a row.
_MOST_NAMED, _LONGEST_NAME = 16, 64


class Heard(Protocol):
    """One gateway that heard the frame."""

    rssi: float
    snr: float

    @property
    def gateway_id(self) -> str:
        """Its name in the network."""
        ...


class Signal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The best of what gateways heard; fields are those of Uplink."""

    rssi_dbm: float | None
    snr_db: float | None
    gateway_count: int
    gateways: tuple[Hearing, ...]


def signal(heard: Sequence[Heard]) -> Signal:
    """What the gateway with the best signal to noise ratio said; None for what no radio can have measured."""
    best = heard[0] if len(heard) == 1 else max(heard, key=lambda one: one.snr, default=None)
    return Signal(
        rssi_dbm=_plausible(best.rssi if best else None),
        snr_db=_plausible(best.snr if best else None),
        gateway_count=min(len(heard), _MOST_GATEWAYS),
        gateways=_named(heard),
    )


def _named(heard: Sequence[Heard]) -> tuple[Hearing, ...]:
    """Those with a name that can be kept. In the hot path: no calls for each of them."""
    if len(heard) > _MOST_NAMED:
        heard = sorted(heard, key=lambda one: (-one.snr, one.gateway_id))[:_MOST_NAMED]
    return tuple(
        [
            (
                one.gateway_id,
                one.rssi if -300 <= one.rssi <= 100 else None,
                one.snr if -300 <= one.snr <= 100 else None,
            )
            for one in heard
            if 0 < len(one.gateway_id) <= _LONGEST_NAME and one.gateway_id.isascii() and one.gateway_id.isprintable()
        ]
    )


@lru_cache(maxsize=50_000)
def device_of(dev_eui: str) -> DeviceId:
    """The device that an event names; raises RejectedFrameError where it names none.

    A town has so many, again and again.
    """
    try:
        return parse_dev_eui(dev_eui)
    except InvalidIdError as error:
        raise RejectedFrameError(Reason.WRONG_SHAPE, str(error)) from error


def check_numbers(f_cnt: int, f_port: int, device_id: DeviceId) -> None:
    """Refuse a counter or a port that LoRaWAN does not have; raises RejectedFrameError."""
    if not (0 <= f_cnt <= MAX_F_CNT and 0 <= f_port <= 255):
        detail = f"frame counter {f_cnt}, fPort {f_port}: out of range"
        raise RejectedFrameError(Reason.WRONG_SHAPE, detail, device_id=device_id)


def check_session(session: str, device_id: DeviceId) -> None:
    """Refuse what cannot tell a device's sessions apart, an address and perhaps a key id; raises RejectedFrameError."""
    if len(session) > _MOST_SESSION or not (session.isascii() and session.isprintable()):
        detail = f"session {session[:_MOST_SESSION]!r}: not 0 to {_MOST_SESSION} printable ASCII characters"
        raise RejectedFrameError(Reason.WRONG_SHAPE, detail, device_id=device_id)


def _plausible(level: float | None) -> float | None:
    return level if level is not None and -300 <= level <= 100 else None
