"""JavaScript codecs from upload to decoded frame, on a real database and a real worker."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.codec_scripts import ScriptFrame
from domain.errors import ScriptError, ScriptFault, UnknownCodecError, UnknownModelError
from domain.uplinks import Kind
from smartplace.codecs import open_book, open_shelf
from store.pool import open_pool

pytestmark = [pytest.mark.anyio, pytest.mark.db]


@pytest.fixture
async def pool(database):
    async with open_pool(database, size=2) as pool:
        yield pool


@pytest.fixture
async def shelf(pool, noon):
    async with open_shelf(pool, now=lambda: noon) as shelf:
        yield shelf


@pytest.fixture
async def book(pool, noon):
    async with open_book(pool, now=lambda: noon) as book:
        yield book


def changed(draft, old, new):
    assert old in draft.source
    return replace(draft, source=draft.source.replace(old, new))


async def test_a_codec_whose_examples_pass_is_kept_and_reads_frames(shelf, book, acme, noon):
    told = await shelf.upload(acme, by="manager")
    await book.refresh()
    (decoded,) = await book.decode([ScriptFrame(model="acme-bay", f_port=2, payload=b"\x01\x21", observed_at=noon)])

    assert (told.version, told.module, told.fresh) == (1, True, False)
    assert [result.passed for result in told.examples] == [True] * 4
    assert book.knows("acme-bay")
    assert book.silent_after("acme-bay") == acme.silent_after
    assert book.silent_after("bosch-tps110") == timedelta(hours=60)
    with pytest.raises(UnknownModelError):
        book.silent_after("nokia")
    assert (decoded.model, decoded.codec_version, decoded.kind) == ("acme-bay", 1, Kind.HEARTBEAT)
    assert decoded.measurements == {"occupied": True, "battery_volts": pytest.approx(3.3)}
    assert decoded.raw == {"port": 2}


async def test_a_codec_that_contradicts_its_own_example_is_refused_with_the_difference(shelf, acme):
    told = await shelf.upload(changed(acme, '"taken" : "empty"', '"empty" : "taken"'), by="manager")

    assert told.version is None
    assert told.examples[0].differences == (
        'data.state: expected "taken", got "empty"',
        "measurements.occupied: expected true, got false",
    )
    assert [result.passed for result in told.examples] == [False, False, True, True]
    assert await shelf.all() == []


async def test_what_an_example_gives_must_fit_the_mapping(shelf, acme):
    told = await shelf.upload(replace(acme, mapping={"measurements": [{"path": "state", "key": "occupied"}]}), by="x")

    assert told.version is None
    assert "mapping: state: 'taken' is neither yes nor no" in told.examples[0].differences


async def test_an_upload_with_faults_is_refused_with_all_of_them(shelf, acme):
    draft = replace(acme, model="Bosch TPS", vendor="", source="", mapping={}, examples=[{"input": {}}])
    told = await shelf.upload(draft, by="manager")

    assert told.version is None
    assert [problem.partition(":")[0] for problem in told.problems] == [
        "model", "vendor", "source", "mapping", "example 1",
    ]  # fmt: skip


async def test_a_built_in_model_cannot_be_replaced(shelf, acme):
    told = await shelf.upload(replace(acme, model="bosch-tps110"), by="manager")

    assert told.problems == ("model: bosch-tps110 has a built-in codec",)


async def test_a_dry_run_of_an_upload_keeps_nothing(shelf, acme):
    told = await shelf.upload(acme, by="manager", dry_run=True)

    assert told.version is None
    assert all(result.passed for result in told.examples)
    assert await shelf.all() == []


async def test_every_version_is_kept_and_an_older_one_can_read_again(shelf, book, acme, noon):
    await shelf.upload(acme, by="manager")
    await shelf.upload(changed(acme, "expected", "wanted"), by="key abc")
    versions = [(version.version, version.is_active, version.created_by) for version in await shelf.all()]
    await shelf.activate("acme-bay", 1, by="manager")
    await book.refresh()
    (decoded,) = await book.decode([ScriptFrame(model="acme-bay", f_port=1, payload=b"\0", observed_at=noon)])

    assert versions == [(2, True, "key abc"), (1, False, "manager")]
    assert decoded.codec_version == 1
    assert (await shelf.version("acme-bay")).version == 1
    assert (await shelf.version("acme-bay", 2)).draft.source != acme.source
    assert [(item.version, item.activated_by) for item in await shelf.activations("acme-bay")] == [
        (1, "manager"), (2, "key abc"), (1, "manager"),
    ]  # fmt: skip


async def test_the_same_codec_again_is_the_version_that_it_was(shelf, acme):
    await shelf.upload(acme, by="manager")
    await shelf.upload(changed(acme, "expected", "wanted"), by="manager")

    assert (await shelf.upload(acme, by="manager")).version == 1
    assert [version.is_active for version in await shelf.all()] == [False, True]


async def test_a_version_is_read_back_as_it_was_uploaded(shelf, acme):
    await shelf.upload(acme, by="manager")
    kept = await shelf.version("acme-bay", 1)

    assert kept.draft == acme
    assert kept.engine.startswith("quickjs-ng ")


async def test_what_is_not_there_cannot_be_shown_activated_or_tried(shelf, acme, noon):
    await shelf.upload(acme, by="manager")
    for asked in (
        shelf.version("other"),
        shelf.version("acme-bay", 9),
        shelf.activate("acme-bay", 9, by="x"),
        shelf.try_out("other", None, f_port=1, payload=b"", at=noon),
    ):
        with pytest.raises(UnknownCodecError):
            await asked


async def test_a_sloppy_script_is_kept_as_a_script(shelf, acme):
    told = await shelf.upload(changed(acme, "const data", "data"), by="manager")

    assert (told.version, told.module) == (1, False)


async def test_a_codec_that_remembers_is_kept_and_forgets(shelf, book, acme, noon):
    # Passes its examples in their order alone, or in a new context for each.
    forgetful = changed(acme, "function decodeUplink(input) {", "var n = 0;\nfunction decodeUplink(input) {\n  n++;")
    told = await shelf.upload(changed(forgetful, "port: input.fPort", "port: n > 1 ? n : input.fPort"), by="manager")

    assert (told.version, told.fresh) == (1, True)


async def test_a_dry_run_tells_everything_that_was_seen_on_the_way(shelf, acme, noon):
    await shelf.upload(acme, by="manager")
    told = await shelf.try_out("acme-bay", None, f_port=2, payload=b"\x01\x18", at=noon)

    assert told.measurements == {"occupied": True, "battery_volts": pytest.approx(2.4)}
    assert told.output["data"] == {"state": "taken", "port": 2, "battery": {"dV": 24}}
    assert [(step.path, step.key, step.found, step.made) for step in told.trace] == [
        ("state", "occupied", "taken", True),
        ("battery.dV", "battery_volts", 24, pytest.approx(2.4)),
    ]
    assert (told.warnings, told.console, told.problems) == (("battery low",), ("bytes 2",), ())


async def test_a_dry_run_of_bytes_that_mean_nothing_says_why(shelf, acme, noon):
    await shelf.upload(acme, by="manager")
    told = await shelf.try_out("acme-bay", 1, f_port=2, payload=b"", at=noon)

    assert (told.fault, told.problems) == ("refused", ("refused: 1 or 2 bytes expected",))


async def test_frames_that_cannot_be_read_are_told_apart(shelf, book, acme, noon):
    slow = changed(acme, 'console.log("bytes"', "if (input.fPort === 9) for (;;);\n  console.log('bytes'")
    await shelf.upload(slow, by="manager")
    await book.refresh()

    def frame(f_port, payload):
        return ScriptFrame(model="acme-bay", f_port=f_port, payload=payload, observed_at=noon)

    refused, endless, flat, good = await book.decode(
        [frame(1, b""), frame(9, b"\1"), frame(1, b"\x01\xff"), frame(1, b"\0")]
    )

    assert isinstance(refused, ScriptError)
    assert (refused.fault, refused.payload) == (ScriptFault.REFUSED, b"")
    assert endless.fault is ScriptFault.TIMEOUT
    assert flat.measurements["battery_volts"] == 25.5
    assert good.measurements == {"occupied": False}


async def test_a_new_version_is_noticed(shelf, book, acme):
    await book.refresh()
    assert not book.knows("acme-bay")
    await shelf.upload(acme, by="manager")
    await book.refresh()

    assert book.knows("acme-bay")
