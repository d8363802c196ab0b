"""From a draft to a message, with every reason against it; and from messages to what one sign says now. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from domain.announcements import Announcement, Condition, Draft, Place, Policy, Standing
from domain.availability import Availability, Thresholds, availability
from domain.boards import PRIMARY_LANGUAGE, Layout
from domain.errors import MessageRefusedError
from domain.message_templates import TEMPLATES, filled
from domain.messages import Message, MessageKind
from domain.places import Sign
from domain.sign_words import WORDS, joined
from domain.snapshot import Snapshot

LONGEST = {Layout.LANDSCAPE: 160, Layout.PORTRAIT: 160, Layout.TOTEM: 120, Layout.EPAPER: 120, Layout.STRIP: 60}
"""Characters that a board of this shape can show of a message, all its languages together."""

NOTHING_BEFORE: Mapping[Place, Availability] = {}
LATEST_BEGIN = timedelta(days=31)
SHORTEST = timedelta(minutes=1)
_CLOCKS_APART = timedelta(minutes=1)
# Letters with their accents, digits, spaces, and what sentences need. No markup of any kind: neither that of web pages
# nor the square brackets of MULTI, with which a text could give orders to a sign.
_REFUSED = re.compile(r"[^\w .,:;!?'’\"()/&%+*#@£€°–-]|_")


def cleaned(text: str) -> str:
    """One line in one form, with single spaces; raises ValueError where a character is not plain."""
    text = " ".join(unicodedata.normalize("NFC", text).split())
    if found := _REFUSED.search(text):
        raise ValueError(f"{found[0]!r} is not allowed")
    return text


def planned(
    draft: Draft, snapshot: Snapshot, policy: Policy, *, message_id: UUID, by: str, now: datetime
) -> Announcement:
    """The message of a draft; raises MessageRefusedError with every reason against it."""
    problems: list[str] = []
    texts = _texts(draft, snapshot, problems)
    problems += _time_problems(draft, policy, now)
    problems += _place_problems(draft, snapshot)
    problems += _kind_problems(draft)
    text = texts.pop(PRIMARY_LANGUAGE, "")
    if text:
        signs = [sign for sign in snapshot.signs.values() if draft.audience.includes(sign)]
        problems += _fit_problems(text, texts, signs)
    if problems:
        raise MessageRefusedError(problems)
    return Announcement(
        message_id=message_id,
        kind=draft.kind,
        audience=draft.audience,
        begins_at=draft.begins_at,
        ends_at=draft.ends_at,
        text=text,
        texts=texts,
        template=draft.template,
        replaces_lines=draft.replaces_lines,
        conditions=draft.conditions,
        needs_second=policy.second_person and draft.template is None,
        made_by=by,
        made_at=now,
    )


def messages_for(
    sign: Sign, snapshot: Snapshot, now: datetime, *, before: Mapping[Place, Availability] = NOTHING_BEFORE
) -> tuple[Message, ...]:
    """What people want this sign to say now; alternatives only while what they depend on is so.

    `before` is what `place_words` said of the snapshot before this one, or of this one: both give the same.
    """
    return tuple(
        announcement.message
        for announcement in snapshot.announcements
        if announcement.standing(now) is Standing.CURRENT
        and announcement.audience.includes(sign)
        and all(_holds(condition, snapshot, before) for condition in announcement.conditions)
    )


def place_words(snapshot: Snapshot, before: Mapping[Place, Availability]) -> dict[Place, Availability]:
    """How each place stands on which a message depends, folded from snapshot after snapshot.

    Doing it twice changes nothing. Where nothing stood before, a place stands as every page says that it does.
    """
    places = {condition.place for announcement in snapshot.announcements for condition in announcement.conditions}
    return {place: _word_of(place, snapshot, before.get(place)) for place in places}


def _holds(condition: Condition, snapshot: Snapshot, before: Mapping[Place, Availability]) -> bool:
    """Whether it is so in this snapshot; of a place that is not there nothing is."""
    if condition.site_id not in snapshot.sites:
        return False
    return _word_of(condition.place, snapshot, before.get(condition.place)) in condition.states


def _word_of(place: Place, snapshot: Snapshot, before: Availability | None) -> Availability:
    site_id, category = place
    counts, _ = snapshot.bays(site_id, None, category)
    if before is None:
        return availability(counts)
    return availability(counts, thresholds=_band(counts.capacity - counts.closed), previous=before)


def _band(opened: int) -> Thresholds:
    """Full at none and until more than a twentieth is free, almost full at a tenth and until more than 15 % are.

    A message that comes and goes with every car is read by nobody, and sends half of a queue each way.
    """
    enter = max(1, opened // 10)
    return Thresholds(
        full_enter=0,
        full_leave=max(1, opened // 20),
        almost_full_enter=enter,
        almost_full_leave=max(enter + 1, opened * 3 // 20),
    )


def _texts(draft: Draft, snapshot: Snapshot, problems: list[str]) -> dict[str, str]:
    if draft.template is None:
        return _free_texts(draft, problems)
    template = TEMPLATES.get(draft.template)
    if template is None:
        problems.append("template: there is no such template")
        return {}
    if template.kind is not draft.kind:
        problems.append(f"template: it is for messages of the kind {template.kind}")
    names = {site_id: status.site.name for site_id, status in snapshot.sites.items()}
    try:
        return {language: cleaned(text) for language, text in filled(template, draft.parameters, names).items()}
    except ValueError as error:
        problems.append(str(error))
        return {}


def _free_texts(draft: Draft, problems: list[str]) -> dict[str, str]:
    texts = {}
    for language, text in {**draft.texts, PRIMARY_LANGUAGE: draft.text}.items():
        if language not in WORDS:
            problems.append(f"text ({language[:20]}): signs do not speak this language")
        try:
            if clean := cleaned(text):
                texts[language] = clean
        except ValueError as error:
            problems.append(f"text ({language[:20]}): {error}")
    if PRIMARY_LANGUAGE not in texts and not problems:
        problems.append("text: say something")
    return texts


def _time_problems(draft: Draft, policy: Policy, now: datetime) -> Iterator[str]:
    longest = policy.longest[draft.kind]
    if draft.ends_at - max(draft.begins_at, now) < SHORTEST:
        yield "ends_at: it must last at least a minute from now"
    elif draft.ends_at - draft.begins_at > longest + _CLOCKS_APART:
        yield f"ends_at: at most {_length(longest)} after it begins"
    if draft.begins_at > now + LATEST_BEGIN:
        yield f"begins_at: at most {_length(LATEST_BEGIN)} ahead"


def _place_problems(draft: Draft, snapshot: Snapshot) -> Iterator[str]:
    audience = draft.audience
    if not (audience.everywhere or audience.site_ids or audience.sign_ids):
        yield "audience: choose at least one sign or place, or everywhere"
    for site_id in {*audience.site_ids, *(condition.site_id for condition in draft.conditions)} - snapshot.sites.keys():
        yield f"there is no site {site_id[:80]!r}"
    for sign_id in set(audience.sign_ids) - snapshot.signs.keys():
        yield f"there is no sign {sign_id[:80]!r}"


def _kind_problems(draft: Draft) -> Iterator[str]:
    is_alternative = draft.kind is MessageKind.ALTERNATIVE
    if is_alternative and not draft.conditions:
        yield "conditions: say when it is to be shown"
    if not is_alternative and draft.conditions:
        yield "conditions: only an alternative depends on a place"
    if is_alternative and draft.replaces_lines:
        # It rests on sensors: when these are silent, so must it be.
        yield "replaces_lines: an alternative stands beside the lines"
    if any(not condition.states for condition in draft.conditions):
        yield "conditions: say how the place must stand"


def _fit_problems(text: str, texts: dict[str, str], signs: list[Sign]) -> Iterator[str]:
    for sign in signs:
        languages = sign.board.languages
        length = len(joined([text, *(texts.get(language, "") for language in languages[1:])]))
        most = LONGEST[sign.board.layout]
        if length > most:
            yield f"text: {length} characters, and the sign {sign.sign_id} shows {most}"


def _length(span: timedelta) -> str:
    return f"{span.days} days" if span >= timedelta(days=2) else f"{span.total_seconds() / 3600:.0f} hours"
