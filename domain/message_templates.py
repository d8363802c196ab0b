"""Messages whose words are given: only names of places and times are filled in, so that one person may send them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from domain.messages import MessageKind

_MONTHS: Mapping[str, str] = {
    "en": "January February March April May June July August September October November December",
    "cy": "Ionawr Chwefror Mawrth Ebrill Mai Mehefin Gorffennaf Awst Medi Hydref Tachwedd Rhagfyr",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
}


class FieldKind(StrEnum):
    """What may be filled in."""

    SITE = "site"
    """The id of a place; its name is shown."""
    TIME = "time"
    """A time of day, such as 18:00."""
    DAY = "day"
    """A date, such as 2026-06-03; shown as 3 June."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """`texts` by language tag, each with the names of the fields in braces; English is always there."""

    name: str
    kind: MessageKind
    texts: Mapping[str, str]
    fields: Mapping[str, FieldKind] = field(default_factory=dict)


TEMPLATES: Mapping[str, Template] = {
    "closed-until": Template(
        name="A place is closed until a time",
        kind=MessageKind.PLANNED,
        texts={
            "en": "{site} is closed until {time}",
            "cy": "{site} ar gau tan {time}",
            "fr": "{site} est fermé jusqu'à {time}",
            "de": "{site} bis {time} geschlossen",
        },
        fields={"site": FieldKind.SITE, "time": FieldKind.TIME},
    ),
    "closed-on": Template(
        name="A place is closed on a day",
        kind=MessageKind.PLANNED,
        texts={
            "en": "{site} will be closed on {day}",
            "cy": "Bydd {site} ar gau ar {day}",
            "fr": "{site} sera fermé le {day}",
            "de": "{site} am {day} geschlossen",
        },
        fields={"site": FieldKind.SITE, "day": FieldKind.DAY},
    ),
    "expect-queues": Template(
        name="Expect queues at a place",
        kind=MessageKind.PLANNED,
        texts={
            "en": "Expect queues at {site} today",
            "cy": "Disgwyliwch giwiau yn {site} heddiw",
            "fr": "Attente prévue à {site} aujourd'hui",
            "de": "Heute Wartezeiten: {site}",
        },
        fields={"site": FieldKind.SITE},
    ),
    "test": Template(
        name="This is a test",
        kind=MessageKind.PLANNED,
        texts={"en": "This is a test", "cy": "Prawf yw hwn", "fr": "Ceci est un test", "de": "Dies ist ein Test"},
    ),
    "do-not-enter": Template(
        name="Do not enter",
        kind=MessageKind.EMERGENCY,
        texts={
            "en": "DO NOT ENTER. Follow staff instructions",
            "cy": "PEIDIWCH Â MYND I MEWN. Dilynwch y staff",
            "fr": "NE PAS ENTRER. Suivez le personnel",
            "de": "NICHT EINFAHREN. Folgen Sie dem Personal",
        },
    ),
    "leave-now": Template(
        name="Leave now",
        kind=MessageKind.EMERGENCY,
        texts={
            "en": "LEAVE NOW by the nearest exit",
            "cy": "GADEWCH NAWR drwy'r allanfa agosaf",
            "fr": "SORTEZ MAINTENANT par la sortie la plus proche",
            "de": "VERLASSEN SIE DEN ORT JETZT durch den nächsten Ausgang",
        },
    ),
    "use-instead": Template(
        name="A place is full, use another",
        kind=MessageKind.ALTERNATIVE,
        texts={
            "en": "{site} is full: use {other}",
            "cy": "{site} yn llawn: defnyddiwch {other}",
            "fr": "{site} complet : utilisez {other}",
            "de": "{site} besetzt: nutzen Sie {other}",
        },
        fields={"site": FieldKind.SITE, "other": FieldKind.SITE},
    ),
}
"""By id. A new one is one row here."""


def filled(template: Template, parameters: Mapping[str, str], site_names: Mapping[str, str]) -> dict[str, str]:
    """The texts by language; raises ValueError with a sentence that begins with the field."""
    if unknown := parameters.keys() - template.fields.keys():
        raise ValueError(f"{min(unknown)}: the template has no such field")
    texts = {}
    for language, text in template.texts.items():
        values = {
            name: _value(name, kind, parameters.get(name, ""), language, site_names)
            for name, kind in template.fields.items()
        }
        texts[language] = text.format(**values)
    return texts


def _value(name: str, kind: FieldKind, given: str, language: str, site_names: Mapping[str, str]) -> str:
    given = given.strip()
    if kind is FieldKind.SITE:
        if given not in site_names:
            raise ValueError(f"{name}: there is no such place")
        return site_names[given]
    try:
        if kind is FieldKind.TIME:
            return f"{time.fromisoformat(given):%H:%M}"
        day = date.fromisoformat(given)
    except ValueError:
        example = "18:00" if kind is FieldKind.TIME else "2026-06-03"
        raise ValueError(f"{name}: such as {example}") from None
    return f"{day.day} {_MONTHS.get(language, _MONTHS['en']).split()[day.month - 1]}"
