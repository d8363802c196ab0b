"""The register's rules, without a database: files, plans, undo."""

import csv
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import RegisterRefusedError, UnknownModelError
from domain.places import AssetKind, Category, Direction, SiteKind
from domain.register import RecordKind, changed, installation_id, nothing
from domain.register_csv import harmless, read_entry, read_register, restored, write_register
from domain.register_plan import REACHES_BACK_TO, plan, undo_plan

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEADER = "record,id,site,zone,name,kind,category,locality,lon,lat,model,device,asset,begins_at,ends_at,debounce_s\n"
YARD = "site,yard,,,Mill Yard,car_park,,Grays,0.325,51.475,,,,,,\n"
BAYS = "".join(f"asset,yard-{n},yard,,Bay {n},bay,general,,0.32{n},51.475,,,,,,\n" for n in (1, 2))
SENSORS = "".join(f"device,70b3d5000000000{n},,,,,,,,,bosch-tps110,,,,,\n" for n in (1, 2))
A, B = "70b3d50000000001", "70b3d50000000002"


def silent_after(model):
    if model not in {"bosch-tps110", "smartplace-bench"}:
        raise UnknownModelError(model)
    return timedelta(hours=60)


def read(text):
    return read_or_refuse(text.encode())


def read_or_refuse(content):
    found = read_register(content, silent_after=silent_after)
    if found.faulty.problems:
        raise RegisterRefusedError(found.faulty.problems)
    return found.entries


def told(register, text):
    """Where one run of a file finds faults, in the lines and in the register."""
    found = read_register((HEADER + text).encode(), silent_after=silent_after)
    return [(one.line, one.column) for one in plan(register, found.entries, at=AT, faulty=found.faulty).problems]


def installed(device, asset, begins_at="", ends_at="", debounce_s=""):
    return f"installation,,,,,,,,,,,{device},{asset},{begins_at},{ends_at},{debounce_s}\n"


def applied(register, text, *, at=AT):
    made = plan(register, read(HEADER + text), at=at)
    assert made.problems == ()
    return changed(register, made.changes)


def refusals(register, text):
    return [(one.line, one.column) for one in plan(register, read(HEADER + text), at=AT).problems]


@pytest.fixture
def yard():
    """Two bays; a sensor at each, since ever."""
    return applied(nothing(), YARD + BAYS + SENSORS + installed(A, "yard-1") + installed(B, "yard-2"))


def where(register, device):
    found = [one for one in register[RecordKind.INSTALLATION].values() if one["device"] == device]
    return [(one["asset"], one["begins_at"], one["ends_at"]) for one in sorted(found, key=lambda one: one["begins_at"])]


def test_a_file_becomes_a_register(yard):
    assert yard[RecordKind.SITE]["yard"]["simulated"] is False
    assert yard[RecordKind.DEVICE][A] == {"model": "bosch-tps110", "silent_after_s": 60 * 3600}
    assert where(yard, A) == [("yard-1", REACHES_BACK_TO, None)]


def test_every_fault_is_told_with_its_line_and_column():
    text = HEADER + "\n".join(
        [
            "site,Not An Id,,,Mill Yard,car_park,,Grays,0.325,51.475,,,,,,",
            'asset,bay-1,yard,,"two',
            'lines",bay,general,,500,x,,,,,,',
            "device,7,,,,,,,,,nokia,,,,,",
            "lamp,l1,,,,,,,,,,,,,,",
            "asset,bay-2,yard,,Bay,bay,,,0,0,,,,,,",
            "installation,x,,,,,,,,,,dev,bay-1,2026-01-02T00:00,,99999999",
            "site,yard,,,Mill Yard,car_park,,Grays,0.325,51.475,bosch-tps110,,,,,",
            "installation,,,,,,,,,,,dev,bay-1,2026-01-02T00:00Z,2026-01-01T00:00Z,",
        ]
    )
    with pytest.raises(RegisterRefusedError) as refused:
        read(text)

    assert [(one.line, one.column) for one in refused.value.problems] == [
        (2, "id"), (3, "name"), (3, "lon"), (3, "lat"), (5, "model"), (6, "record"), (7, "category"),
        (8, "id"), (8, "begins_at"), (8, "debounce_s"), (9, "model"), (10, "ends_at"),
    ]  # fmt: skip


@pytest.mark.parametrize("mistyped", ["70b3d5000000001", "70b3d50000000o01", "70b3d500000000011", "yard-1"])
def test_a_sensor_without_a_deveui_is_refused(mistyped):
    with pytest.raises(RegisterRefusedError, match="16 hex digits"):
        read(HEADER + f"device,{mistyped},,,,,,,,,bosch-tps110,,,,,\n")


def test_a_device_of_our_own_contract_may_have_a_name():
    (bench,) = read(HEADER + "device,bench-7,,,,,,,,,smartplace-bench,,,,,\n")
    assert bench.record_id == "bench-7"


def test_columns_that_are_empty_may_be_left_out(yard):
    entries = read("record,device,asset,distance_threshold_mm\n" + f"installation,{A},yard-1,1500\n")
    assert [one.values["distance_threshold_mm"] for one in entries] == [1500]
    with pytest.raises(RegisterRefusedError) as refused:
        read("record,model\ndevice,bosch-tps110\n")
    assert [(one.line, one.column) for one in refused.value.problems] == [(2, "id")]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", None),
        (b"record,id\nsite,\xff", 2),
        (b"record,id,colour\n", 1),
        (b"record,id,id\n", 1),
        (b"id,name\n", 1),
        (b'record,id\nsite,"open', 2),
        (b"record,id\nsite,yard,x,y\n", 2),
        (b"record,id\nsite,a\0b\n", 2),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(content, line):
    with pytest.raises(RegisterRefusedError) as refused:
        read_or_refuse(content)
    assert refused.value.problems[0].line in {line, 1 if line is None else line}


def test_a_second_run_changes_nothing(yard):
    again = plan(yard, read(HEADER + YARD + BAYS + SENSORS + installed(A, "yard-1")), at=AT + timedelta(days=9))
    assert (again.changes, again.unchanged) == ((), 6)


def test_a_device_that_moves_ends_where_it_was_and_who_was_there_leaves(yard):
    moved = applied(yard, installed(A, "yard-2"))
    assert where(moved, A) == [("yard-1", REACHES_BACK_TO, AT), ("yard-2", AT, None)]
    assert where(moved, B) == [("yard-2", REACHES_BACK_TO, AT)]


def test_two_devices_change_places_in_one_file(yard):
    swapped = applied(yard, installed(A, "yard-2") + installed(B, "yard-1"))
    assert where(swapped, A)[-1] == ("yard-2", AT, None)
    assert where(swapped, B)[-1] == ("yard-1", AT, None)


def test_a_replacement_reaches_back_to_when_the_last_one_left(yard):
    left = AT - timedelta(days=3)
    empty = applied(yard, installed(A, "yard-1", "2000-01-01T00:00Z", left.isoformat()))
    new = "device,70b3d50000000003,,,,,,,,,bosch-tps110,,,,,\n" + installed("70b3d50000000003", "yard-1")
    assert where(applied(empty, new), "70b3d50000000003") == [("yard-1", left, None)]


def test_to_say_again_where_a_device_is_forgets_no_calibration(yard):
    calibrated = applied(yard, installed(A, "yard-1", debounce_s="30"))
    assert plan(calibrated, read(HEADER + installed(A, "yard-1")), at=AT).changes == ()


def test_periods_that_overlap_are_refused_at_their_line(yard):
    early = installed(A, "yard-2", "1999-01-01T00:00Z", "2001-01-01T00:00Z")
    assert refusals(yard, early) == [(2, "asset"), (2, "device")]
    touching = installed(A, "yard-2", "1999-01-01T00:00Z", "2000-01-01T00:00Z")
    assert refusals(yard, touching) == []


def test_what_is_named_must_be_there(yard):
    assert refusals(nothing(), BAYS) == [(2, "site"), (3, "site")]
    assert refusals(yard, installed("nobody", "nowhere")) == [(2, "asset"), (2, "device")]


def test_one_run_tells_the_faults_of_every_line_and_what_the_register_says_against_it(yard):
    text = (
        "site,green,,,Green,forest,,Tilbury,0,0,,,,,,\n"  # 2: no such kind
        "asset,green-1,green,,Bay 1,bay,general,,0,0,,,,,,\n"  # its site is there, on line 2
        "asset,green-2,gren,,Bay 2,bay,,,0,95,,,,,,\n"  # 4: no such site, no category, no such place on earth
        "asset,yard-1,yard,row-a,Bay 1,bay,general,,0,0,,,,,,\n"  # 5: no such zone
        + installed(A, "yard-9", debounce_s="-1")  # 6: no such asset
        + installed("70b3d500000000ff", "yard-2", "1999-01-01T00:00Z")  # 7: no such device
        + "device,70b3d50000000003,,,,,,,,,nokia,,,,,\n"  # 8
        + installed("70b3d50000000003", "green-2", "2026-01-01T00:00")  # 9: a time without a zone
        + "asset,green-2,green,,Bay 2,bay,general,,0,0,,,,,,\n"  # 10: once more
    )
    assert told(yard, text) == [
        (2, "kind"), (4, "category"), (4, "lat"), (4, "site"), (5, "zone"), (6, "asset"), (6, "debounce_s"),
        (7, "asset"), (7, "device"), (8, "model"), (9, "begins_at"), (10, None),
    ]  # fmt: skip


def test_nothing_is_said_of_what_hangs_on_a_line_that_cannot_be_read(yard):
    other = "site,green,,,Green,park,,Tilbury,0,0,,,,,,\n"
    zone = "zone,row-a,green,,Row A,,,,,,,,,,,\n"
    yard = applied(yard, other + zone)
    moved_zone = "zone,row-a,yard,,,,,,,,,,,,,\n"
    in_it = "asset,yard-1,yard,row-a,Bay 1,bay,general,,0.321,51.475,,,,,,\n"
    assert told(yard, in_it) == [(2, "zone")]
    assert told(yard, moved_zone + in_it) == [(2, "name")]
    early = installed(B, "yard-1", "1999-01-01T00:00Z", "2001-01-01T00:00Z")
    later = installed(A, "yard-1", "2001-01-01T00:00Z", debounce_s="x")
    assert told(yard, early + later) == [(2, "device"), (3, "debounce_s")]


def test_a_zone_is_of_the_site_of_its_assets(yard):
    other = "site,green,,,Green,park,,Tilbury,0,0,,,,,,\nzone,row-a,green,,Row A,,,,,,,,,,,\n"
    in_it = "asset,yard-1,yard,row-a,Bay 1,bay,general,,0.321,51.475,,,,,,\n"
    assert refusals(yard, other + in_it) == [(4, "zone")]


COUNTED = "record,id,site,name,kind,category,lon,lat,capacity,area,direction,anchor_at,anchor_taken\n"
LEVEL = "asset,level-1,yard,Level 1,area,,0.32,51.475,120,,,03:30,0\n"
GATE = "asset,ramp,yard,Ramp,gate,,0.32,51.475,,level-1,both,,\n"


def test_an_area_without_a_category_is_for_everybody(yard):
    after = changed(yard, plan(yard, read(COUNTED + LEVEL + GATE), at=AT).changes)
    level = after[RecordKind.ASSET]["level-1"]
    assert (level["category"], level["capacity"], level["anchor_taken"]) == ("general", 120, 0)
    assert after[RecordKind.ASSET]["ramp"]["area"] == "level-1"


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("asset,a,yard,A,area,,0,0,,,,,", ["capacity"]),
        ("asset,a,yard,A,area,,0,0,0,,,,", ["capacity"]),
        ("asset,a,yard,A,area,,0,0,9,level-1,in,,", ["area", "direction"]),
        ("asset,a,yard,A,area,,0,0,9,,,24:00,1", ["anchor_at"]),
        ("asset,a,yard,A,area,,0,0,9,,,03:30,", ["anchor_taken"]),
        ("asset,a,yard,A,area,,0,0,9,,,03:30,10", ["anchor_taken"]),
        ("asset,a,yard,A,gate,,0,0,,,,,", ["area", "direction"]),
        ("asset,a,yard,A,gate,general,0,0,9,level-1,up,,", ["direction", "category", "capacity"]),
        ("asset,a,yard,A,gate,general,0,0,9,level-1,in,,", ["category", "capacity"]),
        ("asset,a,yard,A,bay,,0,0,,,,,", ["category"]),
        ("asset,a,yard,A,bench,general,0,0,,,,,", ["category"]),
        ("asset,a,yard,A,bay,general,0,0,2,,,,", ["capacity"]),
    ],
)
def test_an_area_has_spaces_and_a_gate_leads_to_one(line, columns):
    with pytest.raises(RegisterRefusedError) as refused:
        read(COUNTED + line)
    assert [one.column for one in refused.value.problems] == columns


def test_a_gate_leads_to_an_area_of_its_own_site(yard):
    yard = changed(yard, plan(yard, read(COUNTED + LEVEL), at=AT).changes)
    to_a_bay = "asset,ramp,yard,Ramp,gate,,0.32,51.475,,yard-1,in,,\n"
    assert plan(yard, read(COUNTED + to_a_bay), at=AT).problems[0].message == "yard-1 is no area"
    assert plan(yard, read(COUNTED + GATE.replace("level-1", "level-2")), at=AT).problems[0].column == "area"
    then = changed(yard, plan(yard, read(COUNTED + GATE), at=AT).changes)
    as_a_bay = read(HEADER + "asset,level-1,yard,,Level 1,bay,general,,0,0,,,,,,\n")
    assert [one.message for one in plan(then, as_a_bay, at=AT).problems] == ["level-1 is no area"]
    green = applied(yard, "site,green,,,Green,park,,Tilbury,0,0,,,,,,\n")
    from_there = plan(green, read(COUNTED + GATE.replace("yard", "green")), at=AT)
    assert [one.message for one in from_there.problems] == ["area level-1 is in yard, gate ramp in green"]


def test_seats_are_of_benches_limits_and_homes_of_bays(yard):
    def faults(kind, category, **cells):
        given = {"record": "asset", "id": "new", "site": "yard", "name": "New", "kind": kind, "category": category}
        entry, problems = read_entry({**given, "lon": "0", "lat": "0", **cells}, silent_after=silent_after)
        return entry.values if entry else [(one.column, one.message) for one in problems]

    assert faults("bench", "", seats="3")["seats"] == 3
    bay = faults("bay", "disabled", max_stay_minutes="120", home_linked="yes")
    assert (bay["max_stay_minutes"], bay["home_linked"], bay["seats"]) == (120, True, None)
    assert faults("bay", "general")["home_linked"] is False
    assert faults("bay", "general", seats="3") == [("seats", "a bay has none")]
    assert faults("bench", "", max_stay_minutes="60") == [("max_stay_minutes", "a bench has none")]
    assert faults("bench", "", home_linked="yes") == [("home_linked", "a bench has none")]
    assert [column for column, _ in faults("bench", "", seats="0")] == ["seats"]


def test_a_record_that_is_there_twice_is_refused(yard):
    assert refusals(yard, YARD + YARD) == [(3, None)]


def test_undo_gives_back_what_was(yard):
    made = plan(yard, read(HEADER + installed(A, "yard-2") + YARD.replace("Mill Yard", "New name")), at=AT)
    after = changed(yard, made.changes)
    assert changed(after, undo_plan(after, made.changes).changes) == yard


def test_undo_is_refused_where_something_changed_since_or_is_needed():
    first = plan(nothing(), read(HEADER + YARD + BAYS), at=AT)
    then = changed(nothing(), first.changes)
    renamed = applied(then, BAYS.replace("Bay 1", "First bay"))
    assert [one.message for one in undo_plan(renamed, first.changes).problems] == ["asset yard-1 has changed since"]
    more = applied(then, "zone,row-a,yard,,Row A,,,,,,,,,,,\n")
    assert [one.message for one in undo_plan(more, first.changes).problems] == ["site yard is needed by zone row-a"]


printable = st.text(alphabet=st.characters(categories=["L", "N", "P", "S"], include_characters=" "), max_size=20)
names = st.tuples(st.sampled_from(["B", "=", "-", "'", "'@", "+"]), printable).map("".join).map(str.strip)
slugs = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
lons, lats = st.floats(-180, 180), st.floats(-90, 90)
moments = st.integers(0, 10**9).map(lambda ms: AT - timedelta(milliseconds=ms * 700, microseconds=7))


@st.composite
def registers(draw):
    register = nothing()
    sites, devices = (draw(st.lists(slugs, min_size=1, max_size=3, unique=True)) for _ in range(2))
    for site in sites:
        register[RecordKind.SITE][site] = {
            "name": draw(names), "kind": draw(st.sampled_from(SiteKind)).value, "locality": draw(names),
            "lon": draw(lons), "lat": draw(lats), "simulated": draw(st.booleans()),
            "ward": draw(st.none() | names),
        }  # fmt: skip
    for zone in draw(st.lists(slugs, max_size=3, unique=True)):
        register[RecordKind.ZONE][zone] = {"site": draw(st.sampled_from(sites)), "name": draw(names)}
    assets = draw(st.lists(slugs, min_size=1, max_size=4, unique=True))
    for asset in assets:
        site = draw(st.sampled_from(sites))
        zones = [one for one, values in register[RecordKind.ZONE].items() if values["site"] == site]
        areas = [
            one
            for one, values in register[RecordKind.ASSET].items()
            if (values["site"], values["kind"]) == (site, AssetKind.AREA)
        ]
        kind = draw(st.sampled_from([kind for kind in AssetKind if areas or kind is not AssetKind.GATE]))
        is_area, is_gate = kind is AssetKind.AREA, kind is AssetKind.GATE
        anchor = draw(st.none() | st.integers(0, 7)) if is_area else None
        register[RecordKind.ASSET][asset] = {
            "site": site, "zone": draw(st.sampled_from([None, *zones])), "name": draw(names), "kind": kind.value,
            "category": draw(st.sampled_from(Category)).value if kind.has_category else None,
            "lon": draw(lons), "lat": draw(lats),
            "capacity": draw(st.integers(7, 100_000)) if is_area else None,
            "area": draw(st.sampled_from(areas)) if is_gate else None,
            "direction": draw(st.sampled_from(Direction)).value if is_gate else None,
            "anchor_at": None if anchor is None else draw(st.sampled_from(["00:00", "03:30", "23:59"])),
            "anchor_taken": anchor,
            "seats": draw(st.none() | st.integers(1, 1000)) if kind is AssetKind.BENCH else None,
            "max_stay_minutes": draw(st.none() | st.integers(1, 525_600)) if kind is AssetKind.BAY else None,
            "home_linked": kind is AssetKind.BAY and draw(st.booleans()),
        }  # fmt: skip
    for device in devices:
        silence = draw(st.integers(1, 10**6))
        register[RecordKind.DEVICE][device] = {"model": "smartplace-bench", "silent_after_s": silence}
    for device in devices:
        times = sorted(draw(st.lists(moments, min_size=2, max_size=4, unique=True)))
        free = [a for a in assets if not any(i["asset"] == a for i in register[RecordKind.INSTALLATION].values())]
        if not free:
            break
        asset = draw(st.sampled_from(free))
        for begins_at, ends_at in zip(times[::2], [*times[1::2], None], strict=False):
            register[RecordKind.INSTALLATION][installation_id(device, begins_at)] = {
                "device": device, "asset": asset, "begins_at": begins_at, "ends_at": ends_at,
                "distance_threshold_mm": draw(st.none() | st.integers(1, 20_000)),
                "debounce_s": draw(st.none() | st.just(0)),
            }  # fmt: skip
    return register


def is_number(text):
    try:
        return float(text) is not None
    except ValueError:
        return False


@given(registers())
def test_what_is_exported_imports_again(register):
    exported = write_register(register)
    cells = [cell for row in csv.reader(StringIO(exported)) for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@")) and not is_number(cell)] == []
    entries = read_register(exported.encode(), silent_after=silent_after).entries
    made = plan(nothing(), entries, at=AT)
    assert made.problems == ()
    assert changed(nothing(), made.changes) == register
    assert plan(register, entries, at=AT).changes == ()


@given(st.text(alphabet="'=+-@\t\rab"))
def test_no_text_is_a_formula_and_none_is_lost(text):
    assert not harmless(text).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert restored(harmless(text)) == text
