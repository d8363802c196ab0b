import resource

import pytest

from signage.stream import MAX_STREAMS
from smartplace.open_files import BESIDES_STREAMS, NEEDED, allowed, raise_limit, room_for_streams


@pytest.fixture
def few_files():
    """A process that may open few files until it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_web_server_lets_itself_open_as_many_as_it_is_allowed(few_files):
    files = raise_limit()
    assert files == allowed() == resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert files > 1024


def test_what_may_not_be_raised_stays(few_files, monkeypatch):
    def refuse(*_):
        raise ValueError("not allowed to raise maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_limit() == 1024


@pytest.mark.parametrize(
    ("files", "streams"),
    [(NEEDED, MAX_STREAMS), (10 * NEEDED, MAX_STREAMS), (1024, 1024 - BESIDES_STREAMS), (64, 1)],
)
def test_streams_leave_room_for_those_who_poll(files, streams):
    assert room_for_streams(files) == streams
