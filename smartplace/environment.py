"""The settings as a command reads them: with a word to the person about names that are no setting."""

import typer

from smartplace.settings import Settings, load, unknown_names


def settings_of_command() -> Settings:
    """The settings; raises CommandError where a value is wrong."""
    settings = load()
    for name in unknown_names():
        typer.echo(f"smartplace: {name} is no setting (misspelt?) and is ignored", err=True)
    return settings
