from hypothesis import given
from hypothesis import strategies as st

from domain.places import AssetKind
from domain.sayings import beside, reported_state, said_of
from domain.states import State

measurements = st.fixed_dictionaries(
    {}, optional={"occupied": st.booleans(), "occupants": st.integers(0, 4), "temperature_celsius": st.floats(-40, 85)}
)


@given(measurements, st.sampled_from([State.FREE, State.OCCUPIED]) | st.none())
def test_everything_is_kept_with_the_state_or_beside_it(measured, state):
    kept = dict(beside(measured, state))
    told = {} if state is None else {"occupied": state is State.OCCUPIED}
    assert {key: float(value) for key, value in measured.items()}.items() <= (told | kept).items()


@given(measurements)
def test_nothing_is_kept_twice(measured):
    said = said_of(AssetKind.BAY, measured)
    assert "occupied" not in dict(beside(measured, said and said.state))
    assert dict(beside(measured, None)) == {key: float(value) for key, value in measured.items()}


def test_a_word_that_the_installation_overrules_stays_a_measurement():
    assert reported_state({"occupied": True, "distance_mm": 900}) is State.OCCUPIED
    assert beside({"occupied": True, "distance_mm": 900}, State.FREE) == [("occupied", 1.0), ("distance_mm", 900.0)]
