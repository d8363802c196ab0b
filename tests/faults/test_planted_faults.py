"""A suite that finds nothing proves nothing: four faults are planted in the real pipeline, and all four are found."""

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.broker]


def test_an_acknowledgement_before_the_commit_is_found(found):
    result = found["acknowledge-first"]
    assert result.verdict.missing, str(result)


def test_a_frame_that_is_kept_twice_is_found(found):
    result = found["no-dedupe"]
    assert result.verdict.duplicate, str(result)


def test_a_present_that_goes_backwards_is_found(found):
    result = found["no-guard"]
    assert result.verdict.backwards, str(result)


def test_a_frame_that_is_set_aside_because_a_process_was_killed_is_found(found):
    result = found["hasty-verdict"]
    assert result.verdict.misjudged, str(result)


def test_what_is_found_is_said_with_its_number_and_how_to_have_it_again(found):
    for result in found.values():
        said = str(result)
        assert f"--fault-seed {result.injection.seed}" in said
        assert any(f"{len(frames)} {name}: " in said for name, frames in result.verdict.faults.items())
