"""The judge of the fault suite, pure: what was offered, what the broker acknowledged, what is kept - and the verdict.

Every frame has a number: (run, device, seq). The design is that of the high-availability test of VerneMQ's users: a
numbered keyspace, counted as admitted, duplicate, missing, stowaway. The order of states and what is derived are added.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

EXAMPLES = 3


class FrameId(NamedTuple):
    """Names one frame of one device in one run."""

    run: str
    device: str
    seq: int


class Word(NamedTuple):
    """What an asset's newest frame said; of two words the greater is the newer."""

    observed_at: datetime
    f_cnt: int
    state: str


States = Mapping[str, Word]
"""The newest word of each asset that has one."""


@dataclass(frozen=True, kw_only=True)
class Sent:
    """The two logs of the publisher. `poison` are those of the offered frames that must become dead letters."""

    offered: Collection[FrameId]
    acknowledged: Collection[FrameId]
    poison: Collection[FrameId] = ()


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The third log: what is in the database. One entry for each row, so that a frame kept twice is there twice.

    `events` is what was derived from the journal, `words` what they say, in any order, and `states` the present.
    """

    journal: Collection[FrameId]
    dead_letters: Collection[FrameId]
    events: Collection[FrameId]
    words: Iterable[tuple[str, Word]]
    states: States


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is wrong, by class; nothing is, where every class is empty."""

    missing: frozenset[FrameId] = frozenset()
    """Acknowledged by the broker, and neither in the journal nor a dead letter."""
    duplicate: frozenset[FrameId] = frozenset()
    """Kept more than once."""
    stowaway: frozenset[FrameId] = frozenset()
    """Kept, and never offered, or not in this run."""
    backwards: tuple[str, ...] = ()
    """A state or the revision that went back, or a present that is not the newest word."""
    misjudged: frozenset[FrameId] = frozenset()
    """A good frame among the dead letters, or a bad one in the journal."""
    underived: frozenset[FrameId] = frozenset()
    """Frames of the journal without exactly one event, or events without a frame."""
    broken: tuple[str, ...] = ()
    """Any other promise that was not kept: in time, in order, without dying."""
    lost_in_flight: frozenset[FrameId] = frozenset()
    """Missing, and excused by the scenario. Counted, and no fault of the platform."""

    @property
    def faults(self) -> dict[str, Collection[object]]:
        """The classes that are not empty."""
        classes: dict[str, Collection[object]] = {
            "missing": self.missing,
            "duplicate": self.duplicate,
            "stowaway": self.stowaway,
            "backwards": self.backwards,
            "misjudged": self.misjudged,
            "underived": self.underived,
            "broken": self.broken,
        }
        return {name: found for name, found in classes.items() if found}

    def __str__(self) -> str:
        if not self.faults:
            return "clean"
        return "; ".join(f"{len(found)} {name}: {_examples(found)}" for name, found in self.faults.items())


@dataclass
class Watch:
    """Looks at the present again and again, and notes what went backwards."""

    backwards: list[str] = field(default_factory=list)
    _states: dict[str, Word] = field(default_factory=dict)
    _revision: int = 0

    def see(self, states: States, revision: int) -> None:
        """The present as it is now, later than the one seen before."""
        for asset, before in self._states.items():
            now = states.get(asset)
            if now is None or now < before:
                self.backwards.append(f"{asset}: {before} became {now}")
        if revision < self._revision:
            self.backwards.append(f"revision {self._revision} became {revision}")
        self._states, self._revision = dict(states), revision


def judge(
    sent: Sent,
    kept: Kept,
    *,
    backwards: Iterable[str] = (),
    broken: Iterable[str] = (),
    excused: Collection[FrameId] = frozenset(),
) -> Verdict:
    """Compare the three logs. `excused` may be missing: the broker lost them, as its documentation says it may.

    `backwards` is what a Watch noted, `broken` what else a scenario complains of.
    """
    copies = Counter(kept.journal) + Counter(kept.dead_letters)
    absent = frozenset(sent.acknowledged) - copies.keys()
    poison = frozenset(sent.poison)
    journal, dead = Counter(kept.journal), frozenset(kept.dead_letters)
    events = Counter(kept.events)
    return Verdict(
        missing=absent - frozenset(excused),
        lost_in_flight=absent & frozenset(excused),
        duplicate=frozenset(frame for frame, count in copies.items() if count > 1),
        stowaway=frozenset(copies) - frozenset(sent.offered),
        backwards=(*backwards, *_not_newest(kept)),
        misjudged=(dead - poison) | (journal.keys() & poison),
        underived=frozenset(frame for frame in journal.keys() | events.keys() if events[frame] != journal[frame]),
        broken=tuple(broken),
    )


def settled(sent: Sent, stored: Collection[FrameId], *, excused: Collection[FrameId] = frozenset()) -> bool:
    """Whether everything that was offered is acknowledged, and everything acknowledged is stored."""
    acknowledged = set(sent.acknowledged)
    return acknowledged >= set(sent.offered) and acknowledged - set(stored) <= set(excused)


def newest(words: Iterable[tuple[str, Word]]) -> dict[str, Word]:
    """The newest word of each asset, whatever their order."""
    found: dict[str, Word] = {}
    for asset, word in words:
        found[asset] = max(word, found.get(asset, word))
    return found


def _not_newest(kept: Kept) -> list[str]:
    expected = newest(kept.words)
    return [
        f"{asset}: shows {kept.states.get(asset)}, the newest word is {expected.get(asset)}"
        for asset in sorted(expected.keys() | kept.states.keys())
        if kept.states.get(asset) != expected.get(asset)
    ]


def _examples(found: Collection[object]) -> str:
    shown = [":".join(map(str, item)) if isinstance(item, FrameId) else str(item) for item in sorted(found, key=str)]
    return ", ".join(shown[:EXAMPLES]) + (", ..." if len(shown) > EXAMPLES else "")
