"""A council's list of bays, its zones and its sign plates, as records of the register."""

from pathlib import Path

import pytest

from domain.bay_inventory import read_bay_mapping, read_inventory
from domain.errors import MappingError
from domain.register import RecordKind

MAPPING = (Path(__file__).parents[2] / "smartplace" / "mappings" / "melbourne-bays.toml").read_text()
BAYS = """RoadSegmentID,KerbsideID,RoadSegmentDescription,Latitude,Longitude
1,10,"Elm Street, north",-37.81,144.96
1,11,"Elm Street, north",-37.82,144.98
2,12,Oak Street,-37.83,144.97
1,10,"Elm Street, north",-37.81,144.96
2,13,Oak Street,north,144.97
"""
FILES = {
    "on-street-parking-bay-sensors.csv": "\ufeffKerbsideID,Zone_Number\n10,7001\n11,7002\n12,\n",
    "sign-plates-located-in-each-parking-zone.csv": (
        "ParkingZone,Restriction_Days,Time_Restrictions_Start,Time_Restrictions_Finish,Restriction_Display\n"
        "7001,Mon-Fri,07:30:00,18:30:00,MP2P\n"
        "7001,Mon-Fri,09:00:00,16:00:00,1P\n"
        "7001,Mon-Fri,18:30:00,20:30:00,QP\n"
        "7001,Sat,07:30:00,12:30:00,HP\n"
        "7002,Sat-Sun,07:30:00,12:30:00,LZ30\n"
        "7002,Mon-Fri,07:30:00,12:30:00,PP\n"
    ),
}


def inventory(bays=BAYS, mapping=MAPPING):
    def lines(name):
        return FILES[name].splitlines(keepends=True)

    return read_inventory(bays.splitlines(keepends=True), read_bay_mapping(mapping), lines)


@pytest.fixture
def with_stays(monkeypatch):
    """The register as it is with a value for the longest stay."""
    from domain import bay_inventory, register_csv, register_fields

    known = register_fields.FIELDS[RecordKind.ASSET]
    stay = register_fields.Field(read=int, required=False)
    fields = {**register_fields.FIELDS, RecordKind.ASSET: {**known, "max_stay_minutes": stay}}
    for module in (bay_inventory, register_fields, register_csv):
        monkeypatch.setattr(module, "FIELDS", fields, raising=False)


def test_bays_and_their_streets_become_records():
    entries = {(one.kind, one.record_id): one.values for one in inventory().entries}

    assert [key for key in entries if key[0] is RecordKind.SITE] == [
        (RecordKind.SITE, "melbourne-1"), (RecordKind.SITE, "melbourne-2"),
    ]  # fmt: skip
    elm = entries[RecordKind.SITE, "melbourne-1"]
    assert (elm["name"], elm["kind"], elm["lon"], elm["lat"]) == ("Elm Street, north", "street", 144.97, -37.815)
    bay = entries[RecordKind.ASSET, "melbourne-10"]
    assert (bay["site"], bay["name"], bay["kind"], bay["lat"]) == ("melbourne-1", "Bay 10", "bay", -37.81)


def test_each_row_that_is_none_says_why_and_where():
    assert [(one.line, one.column) for one in inventory().problems] == [(5, "KerbsideID"), (6, "lat")]
    (missing,) = inventory("KerbsideID,Latitude\n10,3\n").problems
    assert (missing.line, "Longitude" in missing.message) == (1, True)


def test_the_longest_stay_is_the_shortest_that_holds_on_a_monday_at_noon(with_stays):
    found = {one.record_id: one.values for one in inventory().entries if one.kind is RecordKind.ASSET}

    # 1P and MP2P hold; QP only in the evening, HP on Saturdays.
    assert (found["melbourne-10"]["max_stay_minutes"], found["melbourne-10"]["category"]) == (60, "general")
    assert found["melbourne-12"]["max_stay_minutes"] is None
    assert inventory().left_out == frozenset()


def test_where_no_plate_with_a_stay_holds_then_the_shortest_of_all_counts(with_stays, monkeypatch):
    monkeypatch.setitem(
        FILES, "sign-plates-located-in-each-parking-zone.csv", "ParkingZone,Restriction_Display\n7002,LZ30\n7002,2P\n"
    )
    found = {one.record_id: one.values for one in inventory().entries}
    assert (found["melbourne-11"]["max_stay_minutes"], found["melbourne-11"]["category"]) == (30, "loading")


def test_a_value_that_the_register_does_not_have_is_left_out_and_said_so(monkeypatch):
    from domain import bay_inventory, register_fields

    fields = {
        name: field for name, field in register_fields.FIELDS[RecordKind.ASSET].items() if name != "max_stay_minutes"
    }
    monkeypatch.setattr(bay_inventory, "FIELDS", {**register_fields.FIELDS, RecordKind.ASSET: fields})
    assert inventory().left_out == {"max_stay_minutes"}


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ('id = "KerbsideID"\n', "", "id is missing"),
        ('at = "Mon 12:00"', 'at = "Noon"', "at must be a day and a time such as Mon 12:00"),
        ('"1P" = 60', '"1P" = "1h"', "1P must be a whole number"),
        ('category = "general"', 'category = "vip"', "category must be one of"),
        ('take = ["Zone_Number"]', "take = 3", "take must be a list of texts"),
    ],
)
def test_each_fault_of_a_mapping_gets_its_sentence(good, bad, sentence):
    assert good in MAPPING
    with pytest.raises(MappingError) as refused:
        read_bay_mapping(MAPPING.replace(good, bad, 1))
    assert any(sentence in problem for problem in refused.value.problems), refused.value.problems
