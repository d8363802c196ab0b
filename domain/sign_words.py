"""What signs say in words, in every language that a board may have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.availability import WORDS as PAGE_WORDS
from domain.availability import Availability
from domain.boards import Arrow


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. `states` stand beside a number, `marks` (capitals) instead of one."""

    states: Mapping[Availability, str]
    full: str
    closed: str
    staff: str
    test: str
    usual: Mapping[Availability, str]
    expired: str
    as_at: str
    arrows: Mapping[Arrow, str]


_SPACES, _FEW, _FULL = Availability.SPACES, Availability.ALMOST_FULL, Availability.FULL
_CLOSED, _UNKNOWN = Availability.CLOSED, Availability.UNKNOWN
_LEFT, _RIGHT, _AHEAD = Arrow.LEFT, Arrow.RIGHT, Arrow.AHEAD

WORDS: Mapping[str, Words] = {
    "en": Words(
        states=PAGE_WORDS,
        full="FULL",
        closed="CLOSED",
        staff="STAFF ONLY",
        test="TEST",
        usual={_SPACES: "usually spaces", _FEW: "usually almost full", _FULL: "usually full"},
        expired="No current information",
        as_at="as at",
        arrows={_LEFT: "to the left", _RIGHT: "to the right", _AHEAD: "straight ahead"},
    ),
    "cy": Words(
        states={
            _SPACES: "Lleoedd",
            _FEW: "Bron yn llawn",
            _FULL: "Llawn",
            _CLOSED: "Ar gau",
            _UNKNOWN: "Dim data diweddar",
        },
        full="LLAWN",
        closed="AR GAU",
        staff="STAFF YN UNIG",
        test="PRAWF",
        usual={_SPACES: "lleoedd fel arfer", _FEW: "bron yn llawn fel arfer", _FULL: "llawn fel arfer"},
        expired="Dim gwybodaeth gyfredol",
        as_at="am",
        arrows={_LEFT: "i'r chwith", _RIGHT: "i'r dde", _AHEAD: "yn syth ymlaen"},
    ),
    "fr": Words(
        states={
            _SPACES: "Places libres",
            _FEW: "Presque complet",
            _FULL: "Complet",
            _CLOSED: "Fermé",
            _UNKNOWN: "Pas de données récentes",
        },
        full="COMPLET",
        closed="FERMÉ",
        staff="PERSONNEL",
        test="ESSAI",
        usual={
            _SPACES: "d'habitude des places",
            _FEW: "d'habitude presque complet",
            _FULL: "d'habitude complet",
        },
        expired="Pas d'information actuelle",
        as_at="à",
        arrows={_LEFT: "à gauche", _RIGHT: "à droite", _AHEAD: "tout droit"},
    ),
    "de": Words(
        states={
            _SPACES: "Freie Plätze",
            _FEW: "Fast besetzt",
            _FULL: "Besetzt",
            _CLOSED: "Geschlossen",
            _UNKNOWN: "Keine aktuellen Daten",
        },
        full="BESETZT",
        closed="GESCHLOSSEN",
        staff="PERSONAL",
        test="TEST",
        usual={_SPACES: "meist frei", _FEW: "meist fast besetzt", _FULL: "meist besetzt"},
        expired="Keine aktuellen Informationen",
        as_at="um",
        arrows={_LEFT: "nach links", _RIGHT: "nach rechts", _AHEAD: "geradeaus"},
    ),
}
"""By language tag. A language that is missing here can be no language of a board: half a translation helps nobody."""


def joined(texts: Sequence[str]) -> str:
    """Several languages of one text in one line, each text once."""
    return " / ".join(dict.fromkeys(text for text in texts if text))
