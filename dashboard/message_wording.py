"""Messages on signs in words."""

from collections.abc import Mapping

from dashboard import times
from domain.announcements import Announcement, Standing
from domain.availability import WORDS
from domain.message_templates import Template
from domain.messages import MessageKind
from domain.snapshot import Snapshot

KINDS = {
    MessageKind.PLANNED: "Planned message",
    MessageKind.EMERGENCY: "Emergency message",
    MessageKind.ALTERNATIVE: "When a place is full",
}
STANDINGS = {
    Standing.WAITING: ("Waits for a second person", "yellow"),
    Standing.PLANNED: ("Not yet", "blue"),
    Standing.CURRENT: ("On signs", "green"),
    Standing.OVER: ("Over", "grey"),
    Standing.WITHDRAWN: ("Withdrawn", "grey"),
}
LANGUAGES = {"en": "English", "cy": "Welsh", "fr": "French", "de": "German"}
FIELDS = {"site": "Place", "other": "Use instead", "time": "Time, such as 18:00", "day": "Day"}
_BLANKS = {"site": "(place)", "other": "(other place)", "time": "(time)", "day": "(day)"}


def template_text(template: Template) -> str:
    """Its words, before anything is filled in."""
    return template.texts["en"].format(**_BLANKS)


def spoken_texts(made: Announcement, snapshot: Snapshot) -> dict[str, str]:
    """Its translations into languages that any sign speaks."""
    spoken = {language for sign in snapshot.signs.values() for language in sign.board.languages}
    return {language: text for language, text in made.texts.items() if language in spoken}


def audience_text(made: Announcement, snapshot: Snapshot) -> str:
    """To whom it speaks."""
    if made.audience.everywhere:
        return "Every sign"
    places = [f"signs at {_name(snapshot.sites, site_id)}" for site_id in made.audience.site_ids]
    signs = [snapshot.signs[one].name if one in snapshot.signs else one for one in made.audience.sign_ids]
    return ", ".join([*places, *signs])


def conditions_text(made: Announcement, snapshot: Snapshot) -> str:
    """On what it depends; empty where on nothing."""
    parts = [
        f"{_name(snapshot.sites, one.site_id)}: {' or '.join(WORDS[state].lower() for state in sorted(one.states))}"
        for one in made.conditions
    ]
    return f"While {'; '.join(parts)}" if parts else ""


def span_text(made: Announcement) -> str:
    """From when until when."""
    return f"{times.day_and_clock_text(made.begins_at)} to {times.day_and_clock_text(made.ends_at)}"


def _name(sites: Mapping[str, object], site_id: str) -> str:
    found = sites.get(site_id)
    return str(getattr(getattr(found, "site", None), "name", site_id))
