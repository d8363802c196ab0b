import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidIdError
from domain.labels import device_on_label

EUI = "70b3d50000000001"


@pytest.mark.parametrize(
    "text",
    [
        "70B3D50000000001",
        " 70-b3-d5-00-00-00-00-01 ",
        "70:B3:D5:00:00:00:00:01",
        "70B3 D500 0000 0001",
        "https://places.example/manage/install?device=70b3d50000000001",
        "LW:D0:1122334455667788:70B3D50000000001:AABBCCDD:S1234",
        "lw:d0:1122334455667788:70b3d50000000001",
    ],
)
def test_every_spelling_of_a_label_is_the_device(text):
    assert device_on_label(text) == EUI


def test_an_own_device_has_a_name():
    assert device_on_label("Bench-Green-1") == "bench-green-1"


@given(st.text())
def test_anything_is_a_device_or_refused(text):
    try:
        device_on_label(text)
    except InvalidIdError:
        return
