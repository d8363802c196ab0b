"""The page of a sign's tokens, as a browser without JavaScript sees it."""

from datetime import timedelta

PAGE = "/manage/signs/harbour-road/tokens"


def test_a_new_token_is_shown_this_once_with_the_page_that_keeps_it(manager, sign_tokens):
    answer = manager.post(PAGE)
    token = f"sp_{sign_tokens.kept[0].key_id}_" + "s" * 43

    assert answer.status_code == 200
    assert f'href="/signs/harbour-road#token={token}"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert token not in manager.get(PAGE).text


def test_the_old_ones_end_when_it_was_said(manager, sign_tokens, clock):
    manager.post(PAGE)
    assert "Those that are good now end" in manager.get(PAGE).text
    manager.post(PAGE, data={"overlap": "1"})
    manager.post(PAGE, data={"overlap": "never"})

    assert [asked[0] for asked in sign_tokens.asked] == ["issue", "rotate", "issue"]
    assert sign_tokens.kept[-1].expires_at == clock() + timedelta(days=1)


def test_a_token_is_revoked(manager, sign_tokens):
    manager.post(PAGE)
    key_id = sign_tokens.kept[0].key_id
    answer = manager.post(f"{PAGE}/revoke", data={"key_id": key_id})

    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    assert "Revoked just now" in manager.get(PAGE).text
    assert f'value="{key_id}"' not in manager.get(PAGE).text


def test_a_sign_that_is_not_there_has_no_tokens(manager):
    for path in ("/manage/signs/nowhere/tokens", "/manage/signs/No%20where/tokens"):
        assert manager.get(path).status_code == 404
        assert manager.post(path).status_code == 404


def test_nobody_makes_a_token_without_logging_in(client, sign_tokens):
    assert client.post(PAGE).headers["location"].startswith("/manage/login")
    assert sign_tokens.asked == []


def test_the_page_of_a_sign_leads_to_its_tokens_and_back(manager):
    sign = "/manage/signs/harbour-road"
    assert f'href="{PAGE}"' in manager.get(sign).text
    assert f'href="{sign}"' in manager.get(PAGE).text
