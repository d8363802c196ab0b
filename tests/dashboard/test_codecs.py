"""The pages of JavaScript codecs, with a shelf in memory behind them."""

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.codecs import CodecForm, written
from domain.codec_scripts import ExampleResult, Upload
from domain.errors import StoreRefusedError, StoreUnavailableError

FORM = {
    "model": "acme-bay",
    "vendor": "Acme",
    "name": "Bay sensor 3000",
    "senses": "bay",
    "heartbeat_minutes": "60",
    "source": "function decodeUplink() {\r\n}",
    "mapping": '{"measurements": []}',
    "examples": "[]",
    "action": "keep",
}
PAGES = [
    ("GET", "/manage/codecs"),
    ("GET", "/manage/codec-upload"),
    ("POST", "/manage/codec-upload"),
    ("GET", "/manage/codecs/acme-bay"),
    ("GET", "/manage/codecs/acme-bay/1"),
    ("POST", "/manage/codecs/acme-bay/active"),
]


@pytest.mark.parametrize(("method", "path"), PAGES)
def test_nobody_comes_in_without_a_log_in(client, codecs, method, path):
    answer = client.request(method, path, data=FORM if method == "POST" else None)

    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/manage/login")
    assert codecs.asked == []


def test_a_form_of_another_website_is_refused(manager, codecs):
    answer = manager.post("/manage/codec-upload", data=FORM, headers={"Origin": "https://elsewhere.example"})

    assert answer.status_code == 403
    assert codecs.asked == []


def test_every_model_is_listed_once_with_what_is_active(manager):
    page = manager.get("/manage/codecs").text

    assert re.findall(r'data-codec="([^"]+)"', page) == ["acme-bay"]
    assert re.search(r'>2<span class="places__kind">of 2</span>', page)


def test_what_is_kept_is_what_was_typed(manager, codecs):
    answer = manager.post("/manage/codec-upload", data=FORM)
    (draft, by, dry_run) = codecs.asked[0]

    assert (answer.status_code, answer.headers["location"]) == (303, "/manage/codecs/acme-bay?uploaded=3")
    assert (draft.model, draft.source, draft.mapping, draft.examples) == (
        "acme-bay", "function decodeUplink() {\n}", {"measurements": []}, [],
    )  # fmt: skip
    assert (by, dry_run) == ("manager", False)


@pytest.mark.parametrize("action", ["try", "", "anything"])
def test_nothing_is_kept_unless_it_was_asked_for(manager, codecs, action):
    answer = manager.post("/manage/codec-upload", data=FORM | {"action": action})

    assert codecs.asked[0][2] is True
    assert answer.status_code == 200
    assert "Every example passes" in answer.text


def test_a_refused_upload_says_why_and_keeps_what_was_typed(manager, codecs):
    failed = ExampleResult(number=1, description="<i>", differences=("data.a: expected '<', got 2",))
    codecs.answer = Upload(version=None, problems=("vendor: <none>",), examples=(failed,))
    answer = manager.post("/manage/codec-upload", data=FORM | {"source": "</textarea><script>1"})

    assert answer.status_code == 422
    assert "vendor: &lt;none&gt;" in answer.text
    assert "data.a: expected &#39;&lt;&#39;, got 2" in answer.text
    assert "&lt;/textarea&gt;&lt;script&gt;1" in answer.text
    assert "<script>1" not in answer.text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"mapping": "{"}, "mapping: is no JSON"),
        ({"mapping": '{"a": NaN}'}, "mapping: is no JSON"),
        ({"examples": "[" * 100_000}, "examples: is nested too deeply"),
        ({"senses": "lamp"}, "senses: choose"),
        ({"heartbeat_minutes": "an hour"}, "heartbeat: a number"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_before_anything_runs(manager, codecs, wrong, sentence):
    answer = manager.post("/manage/codec-upload", data=FORM | wrong)

    assert answer.status_code == 422
    assert sentence in answer.text
    assert codecs.asked == []


def test_what_the_database_refuses_is_told(manager, codecs):
    async def refuse(draft, *, by, dry_run):
        raise StoreRefusedError("value too long")

    codecs.upload = refuse
    answer = manager.post("/manage/codec-upload", data=FORM)

    assert (answer.status_code, "value too long" in answer.text) == (422, True)


def test_a_new_version_begins_with_the_active_one(manager, acme):
    page = manager.get("/manage/codec-upload?model=acme-bay").text

    assert 'value="Bay sensor 3000"' in page
    assert "// 2 &lt;b&gt;&amp;" in page


def test_a_form_reads_back_as_the_version_it_was_made_from(codecs):
    version = codecs.versions[0]

    assert CodecForm.of(version).draft() == version.draft


def test_a_frame_is_tried_with_everything_that_was_seen(manager, codecs, clock):
    page = manager.get("/manage/codecs/acme-bay?f_port=2&payload=01+fF&version=1").text

    assert codecs.asked == [("acme-bay", 1, 2, b"\x01\xff", clock())]
    for words in (
        "What it means to version 2",
        "<code>occupied</code></dt><dd>true",
        "taken&lt;",
        "battery low",
        "bytes 2",
    ):
        assert words in page


def test_a_frame_that_means_nothing_says_why(manager, codecs):
    codecs.run = replace(codecs.run, problems=("exception: TypeError",), measurements={}, line=4)
    page = manager.get("/manage/codecs/acme-bay?f_port=2&payload=").text

    assert "This frame would be a dead letter" in page
    assert "exception: TypeError (line 4)" in page


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("f_port=256&payload=01", "from 0 to 255"),
        ("f_port=x&payload=01", "from 0 to 255"),
        ("f_port=1&payload=0x01", "hexadecimal"),
        ("f_port=1&payload=" + "00" * 257, "at most 256"),
        ("f_port=1&payload=01&version=zz", "no such version"),
    ],
)
def test_what_is_no_frame_is_told(manager, codecs, query, sentence):
    answer = manager.get(f"/manage/codecs/acme-bay?{query}")

    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert codecs.asked == []


def test_an_older_version_is_made_active(manager, codecs):
    answer = manager.post("/manage/codecs/acme-bay/active", data={"version": "1"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/manage/codecs/acme-bay")
    assert codecs.asked == [("acme-bay", 1, "manager")]


def test_a_version_is_shown_as_text(manager):
    page = manager.get("/manage/codecs/acme-bay/1").text

    assert "// 1 &lt;b&gt;&amp;" in page
    assert "once an hour, battery low" in page


@pytest.mark.parametrize(
    "path", ["/manage/codecs/other", "/manage/codecs/acme-bay/9", "/manage/codec-upload?model=other"]
)
def test_what_is_not_there_is_a_page_that_says_so(manager, path):
    assert manager.get(path).status_code == 404


def test_a_database_that_is_away_is_told(manager, codecs):
    async def away():
        raise StoreUnavailableError("10.0.0.7")

    codecs.all = away
    answer = manager.get("/manage/codecs")

    assert (answer.status_code, "10.0.0.7" in answer.text) == (503, False)


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=30), inner, max_size=5),
    max_leaves=20,
)


@given(documents)
def test_json_for_people_is_the_same_json(document):
    assert json.loads(written(document)) == document


def test_json_for_people_has_a_rule_on_a_line():
    rule = {"path": "state", "key": "occupied", "values": {"taken": True, "empty": False}}
    assert written({"measurements": [rule, rule]}).splitlines() == [
        "{",
        '  "measurements": [',
        f"    {json.dumps(rule)},",
        f"    {json.dumps(rule)}",
        "  ]",
        "}",
    ]
