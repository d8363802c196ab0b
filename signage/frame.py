"""What a sign shows at one moment: a pure function of its board, the snapshot, the clock and what it showed before."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from domain.availability import Availability
from domain.boards import Arrow, Board, BoardLine, Layout, LineMode, Texts
from domain.messages import Message
from domain.sign_words import WORDS, joined
from domain.snapshot import Snapshot
from domain.usual import UsualOccupancy, UsualWeeks
from signage.counting import Tally, tally, word_of
from signage.fallback import DASHES, fallback_text, forced_text
from signage.hours import brightness_percent, is_lit

NOTHING_USUAL = UsualWeeks({})

Memory = Mapping[str, Availability]
"""By line key the word that stood before; what is missing there is decided for the worse."""


class Basis(StrEnum):
    """What a display rests on."""

    MEASURED = "measured"
    """Sensors that were heard."""
    FORCED = "forced"
    """Somebody set the line's mode."""
    USUAL = "usual"
    """Nothing is known; history says what is usual, in words."""
    TEXT = "text"
    """Nothing is known; the board has a text for that."""
    NOTHING = "nothing"
    """Nothing is known: dashes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a frame.

    `count` is the number that may be shown, None where closed or unknown. `observed_at` is the newest word from any
    sensor that the line counts. `stale` tells that the platform, rather than some sensors, fell silent. `word` says
    the state in every language of the board; where `display` is a word, it stands in the first language.
    """

    key: str
    label: str
    state: Availability
    count: int | None
    display: str
    arrow: Arrow | None
    observed_at: datetime | None
    coverage: float
    stale: bool
    labels: Texts
    word: str
    basis: Basis
    mode: LineMode


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """All that a sign shows, and until when it may; `frame_id` names what is seen, whatever the time.

    `message` is everything besides the lines in one text, all languages; `messages` has the parts of it that somebody
    wrote. One that replaces the lines leaves none. A board that is not `lit` has neither lines nor a message.
    `brightness` is percent; None leaves it to the screen. `expired_message` and `expired_word` are what a screen says
    by itself from `valid_until` on, in all languages.
    """

    sign_id: str
    frame_id: str
    revision: int
    generated_at: datetime
    as_of: datetime
    valid_until: datetime
    valid_for_s: float
    title: str
    lines: tuple[Line, ...]
    message: str | None
    titles: Texts
    languages: tuple[str, ...]
    messages: tuple[Message, ...]
    brightness: int | None
    lit: bool
    layout: Layout
    width_px: int
    height_px: int
    layout_version: int
    expired_message: str
    expired_word: str


def render(
    board: Board,
    snapshot: Snapshot,
    *,
    now: datetime,
    validity: timedelta,
    messages: Sequence[Message] = (),
    memory: Memory | None = None,
    usual: UsualOccupancy = NOTHING_USUAL,
) -> Frame:
    """The frame of a board; blank (dashes and a message) from `snapshot.as_of + validity` on, or sooner.

    `messages` are those that the caller vouches for at `now`. One that replaces the lines needs no sensor, so it
    stands for `validity` from `now`, or until it ends.
    """
    shown = tuple(sorted(messages, key=lambda message: (-message.priority, message.message_id)))
    alone = tuple(message for message in shown if message.replaces_lines)
    if alone:
        valid_until = min(now + validity, *(message.ends_at for message in alone))
        return _frame(board, snapshot, now=now, validity=validity, valid_until=valid_until, messages=alone)
    if not is_lit(board.schedule, now):
        return _frame(board, snapshot, now=now, validity=validity, valid_until=snapshot.as_of + validity, lit=False)
    valid_until = snapshot.as_of + validity
    said = _Saying(board=board, now=now, expired=now >= valid_until, usual=usual)
    counted = [tally(line, snapshot, now=now) for line in board.lines]
    words = [word_of(*pair, (memory or {}).get(pair[0].key)) for pair in zip(board.lines, counted, strict=True)]
    lines = tuple(said.line(*parts) for parts in zip(board.lines, counted, words, strict=True))
    # No number stands longer than its sensors vouch for it.
    ages = [one.fresh_until for one, line in zip(counted, lines, strict=True) if line.basis is Basis.MEASURED]
    return _frame(
        board,
        snapshot,
        now=now,
        validity=validity,
        valid_until=min([valid_until, *(age for age in ages if age is not None)]),
        messages=() if said.expired else shown,
        lines=lines,
    )


def neutral(sign_id: str, *, title: str, snapshot: Snapshot, now: datetime) -> Frame:
    """A frame that says nothing, for a sign that nobody knows (yet)."""
    board = Board(sign_id=sign_id, title=title, lines=(), layout_version=0)  # type: ignore[arg-type]
    dark = _frame(board, snapshot, now=now, validity=timedelta(), valid_until=now, lit=False)
    return replace(dark, frame_id="", lit=True)


@lru_cache
def _state_word(languages: tuple[str, ...], state: Availability) -> str:
    return joined([WORDS[language].states[state] for language in languages])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saying:
    """How one board puts counts into words at one moment."""

    board: Board
    now: datetime
    expired: bool
    usual: UsualOccupancy

    def line(self, line: BoardLine, counted: Tally, word: Availability) -> Line:
        state = Availability.UNKNOWN if self.expired else word
        count = {Availability.CLOSED: None, Availability.UNKNOWN: None, Availability.FULL: 0}.get(state, counted.shown)
        display, basis = self._display(line, state, count)
        return Line(
            key=line.key,
            label=line.label,
            state=state,
            count=count,
            display=display,
            arrow=line.arrow,
            observed_at=counted.heard_at,
            coverage=counted.coverage,
            stale=self.expired,
            labels=_translations(line.labels, self.board.languages),
            word=self._word(line, state),
            basis=basis,
            mode=line.mode,
        )

    def _display(self, line: BoardLine, state: Availability, count: int | None) -> tuple[str, Basis]:
        if self.expired:
            return DASHES, Basis.NOTHING
        if line.mode is not LineMode.AUTO:
            return forced_text(line.mode, self.board.languages[0]), Basis.FORCED
        if state is Availability.UNKNOWN:
            text, basis = fallback_text(line, self.board, now=self.now, usual=self.usual)
            return text, Basis(basis)
        words = WORDS[self.board.languages[0]]
        marks = {Availability.FULL: words.full, Availability.CLOSED: words.closed}
        return marks.get(state, str(count)), Basis.MEASURED

    def _word(self, line: BoardLine, state: Availability) -> str:
        if self.expired or line.mode not in {LineMode.BLANK, LineMode.STAFF, LineMode.TEST}:
            return _state_word(self.board.languages, state)
        return joined([forced_text(line.mode, language).capitalize() for language in self.board.languages])


def _frame(
    board: Board,
    snapshot: Snapshot,
    *,
    now: datetime,
    validity: timedelta,
    valid_until: datetime,
    messages: tuple[Message, ...] = (),
    lines: tuple[Line, ...] = (),
    lit: bool = True,
) -> Frame:
    width_px, height_px = board.size_px
    message = _message(board, messages, expired=lit and now >= valid_until)
    brightness = brightness_percent(board, snapshot.signs.get(board.sign_id), now)
    titles = _translations(board.titles, board.languages)
    seen = {
        "title": [board.title, dict(titles)],
        "lines": [
            [line.key, line.label, line.state, line.count, line.display, line.arrow, line.word, dict(line.labels)]
            for line in lines
        ],
        "message": message,
        "screen": [brightness, lit, board.layout, width_px, height_px, board.languages],
    }
    return Frame(
        sign_id=board.sign_id,
        frame_id=blake2b(json.dumps(seen).encode(), digest_size=16).hexdigest(),
        revision=snapshot.revision,
        generated_at=now,
        as_of=snapshot.as_of,
        valid_until=valid_until,
        valid_for_s=max(timedelta(), min(valid_until - now, validity)).total_seconds(),
        title=board.title,
        lines=lines,
        message=message,
        titles=titles,
        languages=board.languages,
        messages=messages,
        brightness=brightness,
        lit=lit,
        layout=board.layout,
        width_px=width_px,
        height_px=height_px,
        layout_version=board.layout_version,
        expired_message=joined([WORDS[language].expired for language in board.languages]),
        expired_word=joined([WORDS[language].states[Availability.UNKNOWN] for language in board.languages]),
    )


def _message(board: Board, messages: Sequence[Message], *, expired: bool) -> str | None:
    if expired:
        return joined([WORDS[language].expired for language in board.languages])
    texts = [
        joined([message.text, *(message.texts.get(language, "") for language in board.languages[1:])])
        for message in messages
    ]
    return " · ".join(texts) or None


def _translations(texts: Texts, languages: Sequence[str]) -> dict[str, str]:
    return {language: texts[language] for language in languages[1:] if language in texts}
