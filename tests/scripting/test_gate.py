import pytest

from scripting.gate import ExamplesError, parse_examples

GOOD = {"input": {"bytes": [1], "fPort": 1}, "output": {"data": {}}}
DOWN = {"type": "downlink-encode", "input": {"data": {}}, "output": {}}
WRONG = [
    ({}, "examples: a list"),
    ([], "examples: a list"),
    ([GOOD] * 201, "examples: a list"),
    ([5], "example 1: must be an object"),
    ([GOOD, {}], "example 2: `input` and `output`"),
    ([{**GOOD, "type": "uplnk"}], "example 1: `type` must be one of"),
    ([{**GOOD, "input": {"bytes": [256], "fPort": 1}}], "example 1: `bytes` must be"),
    ([{**GOOD, "input": {"bytes": "0x", "fPort": 1}}], "example 1: `bytes` must be"),
    ([{**GOOD, "input": {"bytes": [1]}}], "example 1: `input` must have `fPort`"),
    ([{**GOOD, "input": {"bytes": [1], "fPort": True}}], "example 1: `input` must have `fPort`"),
    ([{**GOOD, "measurements": []}], "example 1: `measurements` must be"),
    ([{**GOOD, "input": {"bytes": [1], "fPort": 1, "recvTime": "yesterday"}}], "example 1: "),
    ([{**GOOD, "type": "downlink-encode"}], "example 1: `input` must have `data`"),
    ([{**GOOD, "command": {"name": "reboot"}}], "example 1: `command` is for downlink-encode"),
    ([{**DOWN, "command": "reboot"}], "example 1: `command` is for downlink-encode, and has a `name`"),
    ([{**DOWN, "command": {"name": "explode"}}], "example 1: no command 'explode'"),
    ([{**DOWN, "command": {"name": "set-indicator", "parameters": {"on": "maybe"}}}], "example 1: 'maybe' is neither"),
    ([DOWN], "examples: at least one must be an uplink"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "problem"), WRONG)
def test_examples_that_cannot_be_tried_are_refused_with_a_sentence(document, problem):
    with pytest.raises(ExamplesError) as caught:
        parse_examples(document)

    assert any(told.startswith(problem) for told in caught.value.problems), caught.value.problems


def test_bytes_are_numbers_or_hexadecimal():
    first, second = parse_examples([GOOD, {**GOOD, "input": {"bytes": "01", "fPort": 1}}])

    assert first.input == second.input
