"""What gateways heard of a frame, as the journal keeps it: docs/adr/0016-gateways-and-times-in-the-journal.md."""

from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter

import msgspec

from domain.uplinks import Hearing, Uplink

_json = msgspec.json.Encoder().encode
_name = itemgetter(0)


def hearing_columns(uplink: Uplink) -> tuple[int | None, str | None, str | None]:
    """The columns `gateway_count`, `gateways` and `signals` of a frame; `heard_by` in SQL reads them.

    Names, first the one whose signal is the frame's own, and the signals of the others. What cannot be told so is a
    JSON text of all of it. In the hot path.
    """
    heard, count = uplink.gateways, uplink.gateway_count
    if not heard:
        return count, None, None
    place = _place_of(uplink.rssi_dbm, uplink.snr_db, heard)
    if place is None:
        return count, _json(heard).decode(), None
    untold = None if count == len(heard) else count
    if len(heard) == 1:
        return untold, heard[0][0], None
    names, signals = [heard[place][0]], []
    for name, rssi_dbm, snr_db in sorted(heard[:place] + heard[place + 1 :], key=_name):
        names.append(name)
        signals.append(_level(rssi_dbm))
        signals.append(_level(snr_db))
    return untold, "\n".join(names), " ".join(signals)


def _place_of(own_rssi_dbm: float | None, own_snr_db: float | None, heard: Sequence[Hearing]) -> int | None:
    """Where the gateway is whose signal is the frame's own, and whose name is not taken for a JSON text."""
    for place, (name, rssi_dbm, snr_db) in enumerate(heard):
        if rssi_dbm == own_rssi_dbm and snr_db == own_snr_db and name[:1] != "[":
            return place
    return None


@lru_cache(4096)
def _level(level: float | None) -> str:
    return "-" if level is None else str(level).removesuffix(".0")
