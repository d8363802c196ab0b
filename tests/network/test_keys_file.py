import pytest

from network.keys_file import KeysFileError, read_keys

HEADING = "dev_eui,join_eui,app_key\n"
SECRET = "00112233445566778899AABBCCDDEEFF"
GOOD = f"70B3D50000000001,0000000000000001,{SECRET}\n"


def test_keys_are_read_in_any_letter_case():
    keys = read_keys(HEADING + GOOD)

    assert keys["70b3d50000000001"].app_key == SECRET.lower()
    assert keys["70b3d50000000001"].join_eui == "0000000000000001"


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (GOOD, "line 3: a second line for this device"),
        (f"70b3d5,0000000000000001,{SECRET}", "line 3: dev_eui"),
        (f"70b3d50000000002,1,{SECRET}", "line 3: join_eui"),
        (f"70b3d50000000002,0000000000000001,{SECRET}0", "line 3: app_key"),
        ("70b3d50000000002", "line 3: join_eui"),
    ],
)
def test_a_fault_names_its_line_and_no_key(row, fault):
    with pytest.raises(KeysFileError, match=fault) as caught:
        read_keys(HEADING + GOOD + row)

    assert SECRET not in str(caught.value)


def test_a_missing_column_is_named():
    with pytest.raises(KeysFileError, match="the column app_key is missing"):
        read_keys("dev_eui,join_eui\n")
