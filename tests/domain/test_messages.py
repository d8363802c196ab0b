"""Which messages signs are told: what is refused, who must agree, and what one sign says in the end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.announcements import Audience, Condition, Draft, Policy, Standing
from domain.availability import Availability
from domain.boards import Board, Layout
from domain.categories import Category
from domain.errors import MessageRefusedError
from domain.message_plan import LONGEST, cleaned, messages_for, place_words, planned
from domain.message_templates import TEMPLATES, FieldKind
from domain.messages import MessageKind
from domain.places import Asset, AssetKind, Sign, Site, SiteKind
from domain.sign_words import WORDS
from domain.snapshot import AssetStatus, build_snapshot
from domain.states import State

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
FULL, SPACES = frozenset({Availability.FULL}), frozenset({Availability.SPACES, Availability.ALMOST_FULL})
EVERYWHERE = Audience(everywhere=True)
PLANNED, EMERGENCY, ALTERNATIVE = MessageKind.PLANNED, MessageKind.EMERGENCY, MessageKind.ALTERNATIVE


def sign(sign_id, site_id, **board):
    made = Board(sign_id=sign_id, title=sign_id, lines=(), **board)
    return Sign(sign_id=sign_id, name=sign_id, site_id=site_id, lon=0, lat=51, board=made)


SIGNS = (
    sign("mill-1", "mill", languages=("en", "cy")),
    sign("mill-2", "mill", layout=Layout.STRIP),
    sign("quay-1", "quay"),
)


def borough(mill="fo", quay="ff", signs=SIGNS):
    letters = {"f": State.FREE, "o": State.OCCUPIED, "u": State.UNKNOWN, "c": State.CLOSED}
    statuses = [
        AssetStatus(
            asset=Asset(
                asset_id=f"{site_id}-{number}",
                site_id=site_id,
                kind=AssetKind.BAY,
                name=str(number),
                category=Category.GENERAL,
                lon=0,
                lat=51,
            ),
            state=letters[letter],
            since=NOON,
            heard_at=NOON,
        )
        for site_id, states in (("mill", mill), ("quay", quay))
        for number, letter in enumerate(states)
    ]
    sites = [
        Site(site_id=one, name=name, kind=SiteKind.CAR_PARK, locality="Grays", lon=0, lat=51)
        for one, name in (("mill", "Mill Yard"), ("quay", "Old Quay"))
    ]
    return build_snapshot(revision=1, as_of=NOON, sites=sites, statuses=statuses, signs=signs)


def draft(**more):
    given = {"kind": PLANNED, "audience": EVERYWHERE, "begins_at": NOON, "ends_at": NOON + HOUR, "text": "Market today"}
    return Draft(**(given | more))


def made(wanted=None, snapshot=None, policy=None, **more):
    return planned(
        wanted or draft(**more),
        snapshot or borough(),
        policy or Policy(),
        message_id=UUID(int=1),
        by="manager",
        now=NOON,
    )


def problems(wanted=None, **more):
    with pytest.raises(MessageRefusedError) as refused:
        made(wanted, **more)
    return refused.value.problems


def test_a_message_is_what_was_wanted():
    one = made(text="  Market \n today ", texts={"cy": "Marchnad heddiw"})

    assert (one.text, one.texts) == ("Market today", {"cy": "Marchnad heddiw"})
    assert one.standing(NOON) is Standing.CURRENT
    assert one.message.ends_at == NOON + HOUR


@pytest.mark.parametrize(
    "text",
    [
        "<b>now</b>",
        "[jl3]STOP",
        "a{b}",
        "a\\b",
        "a_b",
        "a`b",
        "smile \U0001f600",
        "a\u202eb",
        "a\u200bb",
        "a\x07b",
        "a|b",
        "~",
    ],
)
def test_no_markup_and_nothing_that_is_not_plain(text):
    assert problems(text=text) == [f"text (en): {cleaned_problem(text)}"]


def cleaned_problem(text):
    with pytest.raises(ValueError, match="is not allowed") as refused:
        cleaned(text)
    return refused.value


@given(st.text(max_size=50))
def test_what_is_allowed_is_one_plain_line_and_stays_as_it_is(text):
    try:
        clean = cleaned(text)
    except ValueError:
        return
    assert clean == cleaned(clean) == " ".join(clean.split())
    assert not set(clean) & set("<>[]{}\\`|^~_\n\r\t\0")
    assert all(letter.isprintable() for letter in clean)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"ends_at": NOON}, "at least a minute"),
        ({"begins_at": NOON - HOUR, "ends_at": NOON + timedelta(seconds=59)}, "at least a minute"),
        ({"ends_at": NOON + timedelta(days=31, hours=1)}, "at most 31 days"),
        ({"kind": EMERGENCY, "ends_at": NOON + timedelta(hours=25)}, "at most 24 hours"),
        ({"begins_at": NOON + timedelta(days=32), "ends_at": NOON + timedelta(days=33)}, "at most 31 days ahead"),
        ({"text": " "}, "say something"),
        ({"texts": {"xx": "hm"}}, "do not speak"),
        ({"audience": Audience()}, "choose at least one"),
        ({"audience": Audience(site_ids=("nowhere",))}, "no site 'nowhere'"),
        ({"audience": Audience(sign_ids=("nowhere",))}, "no sign 'nowhere'"),
        ({"conditions": (Condition(site_id="mill", states=FULL),)}, "only an alternative"),
        ({"kind": ALTERNATIVE}, "say when"),
        ({"kind": ALTERNATIVE, "conditions": (Condition(site_id="nowhere", states=FULL),)}, "no site 'nowhere'"),
        ({"kind": ALTERNATIVE, "conditions": (Condition(site_id="mill", states=frozenset()),)}, "how the place"),
        (
            {"kind": ALTERNATIVE, "replaces_lines": True, "conditions": (Condition(site_id="mill", states=FULL),)},
            "beside the lines",
        ),
        ({"template": "no-such"}, "no such template"),
        ({"template": "do-not-enter"}, "kind emergency"),
        ({"template": "closed-until", "parameters": {"site": "mill", "time": "late"}}, "time: such as 18:00"),
        ({"template": "closed-until", "parameters": {"site": "nowhere", "time": "18:00"}}, "site: there is no such"),
        ({"template": "test", "parameters": {"x": "y"}}, "x: the template has no such field"),
    ],
)
def test_what_signs_will_not_be_told_says_why(more, said):
    assert any(said in problem for problem in problems(**more))


def test_every_reason_is_told_at_once():
    assert len(problems(text="<", ends_at=NOON, audience=Audience())) == 3


def test_a_text_must_fit_on_every_sign_that_it_is_for():
    text = "x" * 61
    assert problems(text=text) == ["text: 61 characters, and the sign mill-2 shows 60"]
    assert made(text=text, audience=Audience(site_ids=("quay",))).text == text
    # Both languages of a board together, and only those that it has.
    half = "x" * 80
    quay_and_mill = Audience(sign_ids=("mill-1", "quay-1"))
    assert problems(text=half, texts={"cy": "y" * 80}, audience=quay_and_mill) == [
        "text: 163 characters, and the sign mill-1 shows 160"
    ]
    assert LONGEST.keys() == set(Layout)


def test_free_text_waits_for_a_second_person_where_that_is_the_rule_and_a_template_does_not():
    rule = Policy(second_person=True)
    free = made(policy=rule)
    assert free.standing(NOON) is Standing.WAITING
    assert replace(free, approved_by="other", approved_at=NOON).standing(NOON) is Standing.CURRENT
    assert free.standing(NOON + HOUR) is Standing.OVER
    given = made(draft(template="closed-until", parameters={"site": "mill", "time": "18:00"}, text=""), policy=rule)
    assert given.standing(NOON) is Standing.CURRENT
    assert (given.text, given.texts["cy"]) == ("Mill Yard is closed until 18:00", "Mill Yard ar gau tan 18:00")


def test_a_day_is_written_in_each_language():
    one = made(draft(template="closed-on", parameters={"site": "quay", "day": "2026-06-03"}, text=""))

    assert one.text == "Old Quay will be closed on 3 June"
    assert one.texts["cy"].endswith("3 Mehefin")


@pytest.mark.parametrize("template_id", TEMPLATES)
def test_every_template_can_be_filled_in_every_language_and_fits_a_strip(template_id):
    template = TEMPLATES[template_id]
    values = {FieldKind.SITE: "mill", FieldKind.TIME: "18:00", FieldKind.DAY: "2026-12-31"}
    parameters = {name: values[kind] for name, kind in template.fields.items()}
    conditions = (Condition(site_id="mill", states=FULL),) if template.kind is ALTERNATIVE else ()
    one = made(draft(kind=template.kind, template=template_id, parameters=parameters, text="", conditions=conditions))

    assert {"en", *one.texts} == WORDS.keys()
    assert max(len(text) for text in (one.text, *one.texts.values())) <= 60


def said(snapshot, sign_id, *announcements, now=NOON):
    with_them = replace(snapshot, announcements=announcements)
    return [message.text for message in messages_for(with_them.sign(sign_id), with_them, now)]


def test_a_message_reaches_those_that_it_is_for():
    place, one_sign, all_of_them = (
        made(text=text, audience=audience)
        for text, audience in (
            ("place", Audience(site_ids=("mill",))),
            ("sign", Audience(sign_ids=("quay-1",))),
            ("all", EVERYWHERE),
        )
    )

    assert said(borough(), "mill-1", place, one_sign, all_of_them) == ["place", "all"]
    assert said(borough(), "quay-1", place, one_sign, all_of_them) == ["sign", "all"]


def test_a_message_is_shown_from_its_beginning_until_its_end_and_never_after_it_was_withdrawn():
    one = made(begins_at=NOON + HOUR, ends_at=NOON + 2 * HOUR)
    moments = [NOON, NOON + HOUR, NOON + 2 * HOUR - timedelta(seconds=1), NOON + 2 * HOUR]

    assert [bool(said(borough(), "mill-1", one, now=moment)) for moment in moments] == [False, True, True, False]
    withdrawn = replace(one, withdrawn_by="m", withdrawn_at=NOON)
    assert not any(said(borough(), "mill-1", withdrawn, now=moment) for moment in moments)


def alternative(**more):
    conditions = (Condition(site_id="mill", states=FULL), Condition(site_id="quay", states=SPACES))
    parameters = {"site": "mill", "other": "quay"}
    return made(
        draft(kind=ALTERNATIVE, template="use-instead", parameters=parameters, text="", conditions=conditions, **more)
    )


@pytest.mark.parametrize(
    ("mill", "quay", "shown"),
    [
        ("oo", "ff", True),
        ("fo", "ff", False),
        ("oo", "oo", False),
        ("oo", "uu", False),
        ("uu", "ff", False),
        ("cc", "ff", False),
        ("oo", "cc", False),
    ],
)
def test_an_alternative_is_shown_while_one_is_full_and_the_other_has_spaces(mill, quay, shown):
    assert said(borough(mill, quay), "mill-1", alternative()) == (["Mill Yard is full: use Old Quay"] if shown else [])


def test_nothing_holds_of_a_place_that_is_not_there_any_more():
    snapshot = borough("oo", "ff")
    sites = {key: status for key, status in snapshot.sites.items() if key != "mill"}

    assert said(replace(snapshot, sites=sites), "quay-1", alternative()) == []


def mill_is_full(free, before):
    """Whether people are sent away from Mill Yard, and how it stands, with so many of its 40 bays free."""
    conditions = (Condition(site_id="mill", states=FULL), Condition(site_id="quay", states=SPACES))
    one = made(draft(kind=ALTERNATIVE, conditions=conditions))
    snapshot = replace(borough("f" * free + "o" * (40 - free), "ffff"), announcements=(one,))
    shown = bool(messages_for(snapshot.sign("mill-1"), snapshot, NOON, before=before))
    words = place_words(snapshot, before)
    # Asked again with what it just learned, it says the same.
    assert place_words(snapshot, words) == words
    assert bool(messages_for(snapshot.sign("mill-1"), snapshot, NOON, before=words)) is shown
    return shown, words


@given(st.booleans(), st.lists(st.integers(1, 2), min_size=1, max_size=8))
def test_cars_that_come_and_go_within_the_band_neither_bring_an_alternative_nor_take_it_back(begins_full, walk):
    first, words = mill_is_full(0 if begins_full else 10, {})
    for free in walk:
        shown, words = mill_is_full(free, words)
        assert shown is first is begins_full


@given(st.lists(st.integers(0, 40), min_size=2, max_size=10))
def test_an_alternative_changes_only_across_the_whole_band(walk):
    shown, words = mill_is_full(walk[0], {})
    for free in walk[1:]:
        now_shown, words = mill_is_full(free, words)
        if now_shown is not shown:
            assert free == 0 if now_shown else free > 2
        shown = now_shown


@given(st.text("fouc", min_size=1, max_size=6), st.text("fouc", min_size=1, max_size=6))
def test_nobody_is_sent_to_a_place_of_which_nothing_is_known(mill, quay):
    snapshot = borough(mill, quay)
    if said(snapshot, "mill-1", alternative()):
        counts, _ = snapshot.bays("quay")
        assert counts.free > 0
        assert snapshot.bays("mill")[0].free == 0
