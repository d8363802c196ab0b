"""What gateways heard of a frame, as the journal keeps it: docs/adr/0016-gateways-and-times-in-the-journal.md."""

from collections.abc import Sequence
from operator import itemgetter

import msgspec

from domain.uplinks import Hearing, Uplink

# One byte each, as the SQL function `heard_by` reads them. RSSI: whole dB, as radios tell it. SNR: quarters of a dB,
# which some forwarders round to tenths: six values a dB.
_PARTS_DB = (0.0, 0.2, 0.25, 0.5, 0.75, 0.8)
_RSSI_BYTES: dict[float | None, int] = {None: 255} | {-code: code for code in range(255)}
_SNR_BYTES: dict[float | None, int] = {None: 255} | {
    round(code // 6 - 25 + _PARTS_DB[code % 6], 2): code for code in range(6 * 42)
}

_json = msgspec.json.Encoder().encode
_name = itemgetter(0)


def hearing_columns(uplink: Uplink) -> tuple[int | None, str | None, bytes | None]:
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
    others = sorted(heard[:place] + heard[place + 1 :], key=_name)
    try:
        signals = bytes([code for _, rssi, snr in others for code in (_RSSI_BYTES[rssi], _SNR_BYTES[snr])])
    except KeyError:
        return count, _json(heard).decode(), None
    return untold, "\n".join([heard[place][0], *[name for name, _, _ in others]]), signals


def _place_of(own_rssi_dbm: float | None, own_snr_db: float | None, heard: Sequence[Hearing]) -> int | None:
    """Where the gateway is whose signal is the frame's own, and whose name is not taken for a JSON text."""
    for place, (name, rssi_dbm, snr_db) in enumerate(heard):
        if rssi_dbm == own_rssi_dbm and snr_db == own_snr_db and name[:1] != "[":
            return place
    return None
