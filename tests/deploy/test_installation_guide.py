"""docs/installation.md has every setting, as it is."""

import re
from pathlib import Path

from pydantic import SecretStr

from smartplace.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "installation.md").read_text()


def rows() -> list[str]:
    """The table of settings, made from the fields."""
    made = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        if isinstance(default, bool):
            default = str(default).lower()
        shown = "" if default in (None, "") else f"`{default}`"
        text = " ".join((field.description or "").split())
        made.append(f"| `{PREFIX}{name.upper()}` | {shown} | {text} |")
    return made


def test_the_table_of_settings_is_that_of_the_program() -> None:
    assert re.findall(rf"^\| `{PREFIX}.*$", GUIDE, re.MULTILINE) == rows(), "write this table:\n" + "\n".join(rows())


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_command_that_makes_the_secrets_is_that_of_the_example() -> None:
    command = re.search(r"^# +(umask .*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert command
    assert f"    {command[1]}\n" in GUIDE
