"""Frames that look as if somebody had tampered: counters that fall, and counters that come again. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import pairwise

from domain.errors import Reason
from domain.security import RESET_BY, SecurityCode, SecurityEvent
from domain.uplinks import Accepted, Rejected, Uplink
from store.folds import DeviceFrames

Link = tuple[object, object]
"""A device and a session."""


def suspicions(
    by_device: Iterable[DeviceFrames],
    *,
    last_counters: Mapping[Link, int],
    heard: Set[tuple[object, object, object]],
) -> Iterator[SecurityEvent]:
    """What is suspicious in a batch of new frames.

    `last_counters` is what links had reached whose newest frame fell far below it; `heard` the counters of these frames
    that had been heard before, with other content, for else the frames would not be new.
    """
    again: defaultdict[Link, set[object]] = defaultdict(set)
    for device_key, session, f_cnt in heard:
        again[device_key, session].add(f_cnt)
    for device_key, frames in by_device:
        for session, uplinks in _by_session(frames):
            link = device_key, session
            fall = _fall(uplinks) or (_first_below(uplinks, last_counters[link]) if link in last_counters else None)
            if fall is not None:
                before, after = fall
                yield _event(SecurityCode.COUNTER_RESET, after, f"from {before} to {after.f_cnt}")
            elif len(uplinks) > 1 or link in again:
                yield from _reused(uplinks, again[link])


def impostures(rejected: Iterable[Rejected]) -> Iterator[SecurityEvent]:
    """Messages in the name of a device that came on the topic of another."""
    for letter in rejected:
        if letter.reason is Reason.IDENTITY_MISMATCH and letter.device_id is not None:
            yield SecurityEvent(
                code=SecurityCode.IDENTITY_MISMATCH,
                device_id=letter.device_id,
                session="",
                detail=letter.detail,
                observed_at=letter.received_at,
            )


def _by_session(frames: Sequence[Accepted]) -> list[tuple[str, list[Uplink]]]:
    sessions: defaultdict[str, list[Uplink]] = defaultdict(list)
    for frame in frames:
        sessions[frame.uplink.session].append(frame.uplink)
    return sorted(sessions.items())


def _fall(uplinks: list[Uplink]) -> tuple[int, Uplink] | None:
    for before, after in pairwise(uplinks):
        if after.f_cnt < before.f_cnt - RESET_BY:
            return before.f_cnt, after
    return None


def _first_below(uplinks: list[Uplink], before: int) -> tuple[int, Uplink]:
    """Where the counter began anew, of a link whose newest frame shows that it did."""
    return before, next((uplink for uplink in uplinks if uplink.f_cnt < before - RESET_BY), uplinks[-1])


def _reused(uplinks: list[Uplink], heard: set[object]) -> Iterator[SecurityEvent]:
    for uplink in uplinks:
        if uplink.f_cnt in heard:
            yield _event(SecurityCode.COUNTER_REUSED, uplink, f"{uplink.f_cnt} came again with other content")
        heard.add(uplink.f_cnt)


def _event(code: SecurityCode, uplink: Uplink, detail: str) -> SecurityEvent:
    return SecurityEvent(
        code=code, device_id=uplink.device_id, session=uplink.session, detail=detail, observed_at=uplink.observed_at
    )
