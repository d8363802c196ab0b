from pathlib import Path

import pytest

from smartplace.mosquitto import advice_for

SHIPPED = (Path(__file__).parents[2] / "mosquitto" / "mosquitto.conf").read_text()


def test_our_own_configuration_needs_no_advice():
    assert advice_for(SHIPPED) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("persistence", "false"),
        ("autosave_on_changes", "false"),
        ("autosave_interval", "1800"),
        ("allow_anonymous", "true"),
        ("max_queued_messages", "1000"),
        # "Unlimited", says the manual; it misbehaves in several releases.
        ("max_queued_messages", "0"),
        ("max_queued_bytes", "0"),
        ("max_queued_bytes", "-1"),
        ("max_inflight_messages", "0"),
        ("max_inflight_messages", "many"),
    ],
)
def test_each_setting_that_is_not_safe_is_named(name, value):
    lines = [f"{name} {value}" if line.split(" ")[0] == name else line for line in SHIPPED.splitlines()]

    [(found, advice)] = advice_for("\n".join(lines))
    assert found == f"{name} is {value}"
    assert advice.startswith(f"set `{name}")


def test_what_mosquitto_does_by_itself_is_not_safe():
    assert {found.split()[0] for found, _advice in advice_for("# nothing\n")} == {
        "persistence",
        "autosave_on_changes",
        "autosave_interval",
        "allow_anonymous",
        "max_queued_messages",
        "max_queued_bytes",
        "max_inflight_messages",
    }


def test_a_setting_in_a_comment_is_none():
    assert "persistence is false" in [
        found for found, _ in advice_for(SHIPPED.replace("persistence true", "#persistence true"))
    ]


def test_the_last_of_two_lines_counts():
    assert advice_for(SHIPPED + "\nallow_anonymous true\n")
