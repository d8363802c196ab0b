"""Who may see a frame, and who may speak for a sign."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from domain.errors import StoreUnavailableError
from domain.security import SecurityCode
from signage.credentials import Credentials

OWN, OTHERS, OPERATOR, PROGRAM = (f"sp_{name}_" + "s" * 43 for name in ("ownown11", "others11", "operat11", "progra11"))
KEYS = {
    OWN: frozenset({"sign:harbour-road"}),
    OTHERS: frozenset({"sign:old-quay"}),
    OPERATOR: frozenset({"signs"}),
    PROGRAM: frozenset({"ingest"}),
}
FRAME, STREAM = "/v1/signs/harbour-road/frame", "/v1/signs/harbour-road/stream"


class Doorkeeper:
    """Keys, and what was noticed."""

    def __init__(self):
        self.keys = dict(KEYS)
        self.noticed = []
        self.away = False

    async def scopes_of(self, key):
        if self.away:
            raise StoreUnavailableError("away")
        return self.keys.get(key)

    async def notice(self, event):
        self.noticed.append(event)


@pytest.fixture
def door():
    return Doorkeeper()


@pytest.fixture
def make_client(create_app, live, door, now):
    def make(*, private=False):
        credentials = Credentials(door.scopes_of, notice=door.notice, now=lambda: now, private=private)
        return TestClient(create_app(live, now=lambda: now, credentials=credentials))

    return make


def status(client, key, path=FRAME):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return client.get(path, headers=headers).status_code


def test_a_frame_is_open_data(make_client):
    client = make_client()

    assert [status(client, key) for key in (None, OWN, OPERATOR, PROGRAM)] == [200, 200, 200, 200]
    assert 'data-line="north"' in client.get("/signs/harbour-road").text


def test_a_private_frame_is_for_its_sign_and_for_operators(make_client):
    client = make_client(private=True)

    assert [status(client, key) for key in (None, OWN, OPERATOR, PROGRAM)] == [401, 200, 200, 403]


def test_the_page_of_a_private_frame_has_none_of_it(make_client):
    page = make_client(private=True).get("/signs/harbour-road")

    assert (page.status_code, 'data-line="north"' in page.text) == (200, False)
    assert "<h1>" in page.text
    assert "Port Council" in page.text
    assert "Harbour Road" not in page.text


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("path", [FRAME, STREAM])
def test_a_key_that_is_revoked_or_made_up_shows_nothing(make_client, door, private, path):
    client = make_client(private=private)
    del door.keys[OWN]

    assert [status(client, key, path) for key in (OWN, "nonsense", "sp_")] == [401] * 3
    assert door.noticed == []


@pytest.mark.parametrize("private", [False, True])
def test_another_signs_key_is_refused_and_noticed(make_client, door, private):
    client = make_client(private=private)

    assert [status(client, OTHERS, path) for path in (FRAME, STREAM)] == [403, 403]
    (event, again) = door.noticed
    assert event.code == SecurityCode.SIGN_KEY_FOREIGN
    assert (event.device_id, event.session) == ("sign harbour-road", "others11")
    assert replace(again, observed_at=event.observed_at) == event


@pytest.mark.anyio
async def test_another_signs_key_is_refused_also_where_nobody_can_note_it(door, now):
    async def away(_event):
        raise StoreUnavailableError("away")

    credentials = Credentials(door.scopes_of, notice=away, now=lambda: now)

    assert not await credentials.still("harbour-road", OTHERS)


@pytest.mark.anyio
async def test_a_stream_goes_on_until_its_key_is_revoked_and_while_nobody_can_be_asked(door, now):
    credentials = Credentials(door.scopes_of, notice=door.notice, now=lambda: now)

    assert await credentials.still("harbour-road", OWN)
    assert await credentials.still("harbour-road", None)
    door.away = True
    assert await credentials.still("harbour-road", OWN)
    door.away = False
    del door.keys[OWN]
    assert not await credentials.still("harbour-road", OWN)
