import json
import logging
import sys
from datetime import UTC, datetime

import pytest

from smartplace.logs import configure

MOMENT = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def write(capsys):
    """Writes one line as `log_format` asks for, and gives what came out on stderr."""
    root, gmqtt = logging.getLogger(), logging.getLogger("gmqtt")
    before = root.handlers[:], root.level, gmqtt.level
    root.handlers.clear()

    def write(log_format, message, *arguments, level=logging.INFO, error=None, configured="INFO", **data):
        configure(log_format=log_format, level=configured)
        record = logging.getLogger("ingest.mqtt").makeRecord(
            "ingest.mqtt", level, "f.py", 1, message, arguments, error, extra=data
        )
        record.created = MOMENT.timestamp()
        if logging.getLogger("ingest.mqtt").isEnabledFor(level):
            logging.getLogger("ingest.mqtt").handle(record)
        out, err = capsys.readouterr()
        assert out == ""
        return err

    yield write
    root.handlers[:], root.level = before[0], before[1]
    gmqtt.setLevel(before[2])


def test_a_plain_line_has_moment_level_logger_message_and_data(write):
    line = write("plain", "%s frames", 3, level=logging.WARNING, action="batch", device="70b3d5")

    assert line == "2026-11-20T12:00:00.250Z WARNING ingest.mqtt: 3 frames action=batch device=70b3d5\n"


def test_a_json_line_has_the_same(write):
    line = write("json", "%s frames", 3, level=logging.WARNING, action="batch", moment=MOMENT)

    assert json.loads(line) == {
        "time": "2026-11-20T12:00:00.250Z",
        "level": "WARNING",
        "logger": "ingest.mqtt",
        "message": "3 frames",
        "action": "batch",
        "moment": "2026-11-20 12:00:00.250000+00:00",
    }


@pytest.mark.parametrize("log_format", ["plain", "json"])
@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_no_device_can_forge_a_line(write, log_format, end):
    forged = f"x{end}2026-11-20T12:00:00.000Z ERROR ingest: all is lost"

    for line in (write(log_format, "topic %s", forged), write(log_format, "topic", topic=forged)):
        assert line.count("\n") == 1
        assert "\r" not in line
        assert "all is lost" in line


@pytest.mark.parametrize("log_format", ["plain", "json"])
def test_an_exception_is_told_with_its_traceback(write, log_format):
    try:
        0 / 0  # noqa: B018
    except ZeroDivisionError:
        text = write(log_format, "failed", level=logging.ERROR, error=sys.exc_info())

    assert "ZeroDivisionError: division by zero" in text
    assert (text.count("\n") == 1) is (log_format == "json")


def test_lines_below_the_level_are_not_written(write):
    assert write("plain", "detail", level=logging.DEBUG) == ""
    assert write("plain", "news", level=logging.INFO, configured="WARNING") == ""
