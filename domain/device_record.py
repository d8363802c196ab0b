"""One device as far back as anybody asks: its frames, how well it was heard, and what it says of itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Protocol

from domain.health import DeviceHealth
from domain.trend import Point, battery_days_left, slope_per_day
from domain.uplinks import Decoded, TimeSource

_LEAST_GAPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFrame:
    """A frame of the journal; fields are those of Uplink, `codec` what read it.

    `meaning` is what that codec reads in it now; None where it is gone, or reads it no more.
    """

    received_at: datetime
    observed_at: datetime
    time_source: str
    network: str
    session: str
    f_cnt: int
    f_port: int
    payload: bytes
    rssi_dbm: float | None
    snr_db: float | None
    gateway_count: int
    codec: str
    codec_version: int
    kind: str
    meaning: Decoded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of a device: frames, mean RSSI in dBm and lowest SNR in dB of those that told."""

    day: datetime
    frames: int
    rssi_dbm: float | None
    snr_db: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardBy:
    """A gateway that heard some of the newest frames: the last of them and all of them, RSSI in dBm, SNR in dB.

    None where it did not tell.
    """

    gateway_id: str
    frames: int
    heard_at: datetime
    rssi_dbm: float | None
    snr_db: float | None
    mean_rssi_dbm: float | None
    mean_snr_db: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRecord:
    """A device. `frames` are its newest, newest first; `charges` and `volts` are means of a day.

    `gateways` heard it lately, the last one first; empty where nobody tells, as for frames before they were kept.

    `is_retold`: its history is about to be told anew, by another threshold.
    """

    health: DeviceHealth
    silent_after: timedelta
    frames: Sequence[KeptFrame]
    newest_startup: KeptFrame | None
    days: Sequence[Day]
    charges: Sequence[Point]
    volts: Sequence[Point]
    gateways: Sequence[HeardBy] = ()
    is_retold: bool = False

    @property
    def expected_interval(self) -> timedelta:
        """How often it should be heard at the least: it is silent after 2.5 of these."""
        return self.silent_after / 2.5

    @property
    def usual_interval(self) -> timedelta | None:
        """How often it was heard lately: the median between its newest frames.

        None while they are so few that the join and its first words are most of them.
        """
        moments = sorted({frame.observed_at for frame in self.frames})
        gaps = [later - earlier for earlier, later in pairwise(moments)]
        return _median(gaps) if len(gaps) >= _LEAST_GAPS else None

    @property
    def distances_mm(self) -> Sequence[tuple[datetime, int]]:
        """What it measured lately of how far it is to what is before it, and when; newest first."""
        return [
            (frame.observed_at, frame.meaning.measurements["distance_mm"])
            for frame in self.frames
            if frame.meaning and "distance_mm" in frame.meaning.measurements
        ]

    @property
    def battery_days_left(self) -> float | None:
        """Days until its battery is empty; None where nobody can know, as for those that only tell a voltage."""
        return battery_days_left(self.charges)

    @property
    def rssi_trend_db_per_week(self) -> float | None:
        """How the mean RSSI of a day changes."""
        return _per_week([(day.day, day.rssi_dbm) for day in self.days if day.rssi_dbm is not None])

    @property
    def snr_trend_db_per_week(self) -> float | None:
        """How the lowest SNR of a day changes."""
        return _per_week([(day.day, day.snr_db) for day in self.days if day.snr_db is not None])

    @property
    def time_source(self) -> str | None:
        """Whose clock the newest frame's time was read from."""
        return self.frames[0].time_source if self.frames else None

    @property
    def clock_offset(self) -> timedelta | None:
        """How far the device's own clock is behind ours, by the median of its newest frames, their way included.

        None where its frames tell no time of their own.
        """
        offsets = [f.received_at - f.observed_at for f in self.frames if f.time_source == TimeSource.DEVICE]
        return _median(offsets)


class DeviceRecords(Protocol):
    """What is kept of single devices. May raise StoreUnavailableError."""

    async def device_record(self, device_id: str, *, frames: int, days: int) -> DeviceRecord | None:
        """A device with its newest frames and days; None if the register has no such device."""
        ...


def _median(durations: Sequence[timedelta]) -> timedelta | None:
    return timedelta(seconds=median(one.total_seconds() for one in durations)) if durations else None


def _per_week(points: Sequence[Point]) -> float | None:
    slope = slope_per_day(points) if len(points) >= 7 else None
    return None if slope is None else slope * 7
