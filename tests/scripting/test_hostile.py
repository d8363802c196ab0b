"""Codecs that do what no codec should: each ends as an error of its kind, and the next frame is read right."""
# ruff: noqa: E501

import pytest

from domain.errors import ScriptFault
from scripting.calls import Failed, Returned, Script

pytestmark = pytest.mark.anyio

F = ScriptFault
BODIES = {
    "an endless loop": ("while (true) {}", {F.TIMEOUT}),
    "a regular expression that backtracks for ever": ("/^(a+)+$/.test('a'.repeat(60) + 'b')", {F.TIMEOUT}),
    "an array that grows": ("const a = []; for (;;) a.push('x'.repeat(1000) + a.length)", {F.MEMORY, F.TIMEOUT}),
    "a string that doubles": ("let s = 'x'; for (;;) s = (s + s).toUpperCase()", {F.MEMORY, F.TIMEOUT}),
    "an array of four thousand million": ("return { data: { a: new Array(4294967295).fill(1) } }", {F.MEMORY, F.TIMEOUT}),
    "a large ArrayBuffer": ("new ArrayBuffer(1024 * 1024 * 1024)", {F.MEMORY, F.EXCEPTION}),
    "replacing in a long text": ("'a'.repeat(8388608).replace(/a/g, 'bb')", {F.MEMORY, F.TIMEOUT}),
    "a number with millions of digits": ("return { data: { n: String(9n ** 9n ** 7n) } }", {F.EXCEPTION, F.TIMEOUT, F.MEMORY}),
    "recursion": ("const f = () => f() + 1; f()", {F.STACK}),
    "recursion through a getter": ("const o = { get a() { return this.a } }; o.a", {F.STACK}),
    "recursion through toJSON": ("const o = { toJSON() { return { o } } }; return { data: o }", {F.STACK, F.EXCEPTION}),
    "JSON as deep as a well": ("JSON.parse('['.repeat(200000))", {F.STACK}),
    "an answer of 5 MB": ("return { data: { a: 'x'.repeat(5000000) } }", {F.OUTPUT}),
    "an answer in a thousand layers": ("let d = {}; for (let i = 0; i < 400; i++) d = { d }; return { data: d }", {F.OUTPUT}),
    "an answer with a million keys": ("const d = {}; for (let i = 0; i < 1e6; i++) d[i] = i; return { data: d }", {F.OUTPUT, F.TIMEOUT, F.MEMORY}),
    "an answer that contains itself": ("const d = {}; d.d = d; return { data: d }", {F.EXCEPTION}),
    "a getter that throws": ("return { get data() { throw new Error('no') } }", {F.EXCEPTION}),
    "a getter that never ends": ("return { get data() { for (;;); } }", {F.TIMEOUT}),
    "a proxy that throws": ("return new Proxy({}, { get() { throw new Error('no') } })", {F.EXCEPTION}),
    "a proxy with endless keys": ("return { data: new Proxy({}, { ownKeys() { for (;;); } }) }", {F.TIMEOUT}),
    "an error that never tells its message": ("throw { get message() { for (;;); }, toString() { for (;;); } }", {F.EXCEPTION, F.TIMEOUT}),
    "an error whose message never ends": ("const e = new Error(); Object.defineProperty(e, 'message', { get() { for (;;); } }); throw e", {F.TIMEOUT}),
    "an error that is a proxy": ("throw new Proxy(new Error('no'), { get() { throw 1 } })", {F.EXCEPTION}),
    "nothing thrown": ("throw undefined", {F.EXCEPTION}),
    "a caught timeout": ("for (;;) { try { for (;;); } catch {} finally { continue } }", {F.TIMEOUT}),
    "a promise that never ends": ("return new Promise(() => {})", {F.SHAPE}),
    "a promise of an answer": ("return Promise.resolve({ data: {} })", {F.SHAPE}),
    "a number": ("return 5", {F.SHAPE}),
    "nothing": ("", {F.SHAPE}),
    "data that is a list": ("return { data: [1] }", {F.SHAPE}),
    "data that is a function": ("return { data: () => 1 }", {F.SHAPE}),
    "a BigInt": ("return { data: { n: 1n } }", {F.EXCEPTION}),
    "errors of its own": ("return { errors: ['wrong length'], data: { occupied: true } }", {F.REFUSED}),
    "code that is none": ("eval('}{')", {F.EXCEPTION}),
    "a module": ("return { data: require('fs') }", {F.EXCEPTION}),
    "waiting": ("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", {F.EXCEPTION}),
}  # fmt: skip
SOURCES = {
    "no JavaScript": ("function decodeUplink( {", {F.LOAD}),
    "no function": ("const decode = 1;", {F.LOAD}),
    "loading that never ends": ("for (;;);", {F.TIMEOUT}),
    "loading that throws": ("throw new Error('at once')", {F.EXCEPTION}),
    "loading that throws what cannot be shown": ("throw { toString() { for (;;); } }", {F.EXCEPTION, F.TIMEOUT}),
    "loading that waits": ("await new Promise(() => {});", {F.LOAD}),
    "a microtask that never ends": ("Promise.resolve().then(() => { for (;;); }); await 0;", {F.TIMEOUT}),
    "microtasks without end": (
        "(function f() { Promise.resolve().then(f) })(); await new Promise(() => {});",
        {F.LOAD},
    ),
    "a hand-over of its own": ("globalThis.__handOver = null; function decodeUplink() {}", {F.EXCEPTION}),
    "an import": ("import fs from 'fs';", {F.LOAD}),
    "an import of a file": ("import secret from '/etc/passwd';", {F.LOAD}),
    "a source of 300 kB": ("// " + "x" * 300_000, {F.LOAD}),
    "a source of 30,000 lines": ("\n" * 30_000, {F.LOAD}),
}


def function(body: str) -> str:
    return f"function decodeUplink(input) {{\n{body}\n}}"


@pytest.mark.parametrize("module", [True, False], ids=["module", "script"])
@pytest.mark.parametrize("name", BODIES)
async def test_a_hostile_function_fails_and_the_next_frame_is_read_right(running, uplink, good, name, module):
    body, faults = BODIES[name]
    async with running() as runner:
        outcomes = await runner.run([uplink(Script(source=function(body), module=module)), uplink(good, b"\x03")])

    assert isinstance(outcomes[0], Failed), outcomes[0]
    assert outcomes[0].fault in faults, outcomes[0]
    assert isinstance(outcomes[1], Returned)
    assert outcomes[1].value == {"data": {"occupied": True, "first": 3}}


@pytest.mark.parametrize("name", SOURCES)
async def test_a_hostile_source_fails_and_the_next_frame_is_read_right(running, uplink, good, name):
    source, faults = SOURCES[name]
    async with running() as runner:
        outcomes = await runner.run([uplink(source), uplink(good, b"\x02")])

    assert isinstance(outcomes[0], Failed), outcomes[0]
    assert outcomes[0].fault in faults, outcomes[0]
    assert outcomes[1].value["data"]["occupied"] is False


async def test_the_worker_outlives_what_the_engine_can_interrupt(running, uplink, good):
    async with running() as runner:
        await runner.run([uplink(good)])
        before = runner.pid
        await runner.run([uplink(function("while (true) {}")), uplink(good)])

        assert runner.pid == before


async def test_a_loop_inside_the_engine_costs_the_worker_and_only_this_call(running, uplink, good):
    # Sorting a hundred million holes takes seconds, in which the engine looks at no limit.
    endless = uplink(function("new Array(1e8).sort()"))
    async with running(wall_s=3.0) as runner:
        await runner.run([uplink(good)])
        before = runner.pid
        outcomes = await runner.run([uplink(good, b"\x05"), endless, uplink(good, b"\x07")])

        assert [getattr(outcome, "fault", None) for outcome in outcomes] == [None, ScriptFault.TIMEOUT, None]
        assert [outcome.value["data"]["first"] for outcome in outcomes[::2]] == [5, 7]
        assert runner.pid != before


async def test_a_codec_that_fails_again_and_again_is_suspended_and_the_others_go_on(running, uplink, good):
    bad = uplink(function("while (true) {}"))
    async with running() as runner:
        outcomes = await runner.run([bad, uplink(good)] * 20)
        again = await runner.run([bad, uplink(good, b"\x09")])

    faults = [outcome.fault for outcome in outcomes[::2]]
    assert faults == [ScriptFault.TIMEOUT] * 3 + [ScriptFault.SUSPENDED] * 17
    assert all(isinstance(outcome, Returned) for outcome in outcomes[1::2])
    assert again[0].fault is ScriptFault.SUSPENDED
    assert again[1].value["data"]["first"] == 9


async def test_a_batch_ends_in_time_whatever_is_in_it(running, uplink):
    # Each codec is slow once, so that none is suspended.
    slow = [uplink(function(f"const n = {n}; while (true) {{}}")) for n in range(30)]
    async with running(batch_s=0.5) as runner:
        outcomes = await runner.run(slow)

    assert {outcome.fault for outcome in outcomes} == {ScriptFault.TIMEOUT}
    assert "other frames" in outcomes[-1].detail


async def test_the_codec_that_was_suspended_is_tried_again(uplink):
    from scripting.limits import Limits
    from scripting.runner import ScriptRunner

    now = [0.0]
    runner = ScriptRunner(Limits(strikes=1, suspended_s=60, batch_s=1e9), monotonic=lambda: now[0])
    bad = uplink(function("while (true) {}"))
    try:
        assert (await runner.run([bad]))[0].fault is ScriptFault.TIMEOUT
        assert (await runner.run([bad]))[0].fault is ScriptFault.SUSPENDED
        now[0] = 61.0
        assert (await runner.run([bad]))[0].fault is ScriptFault.TIMEOUT
    finally:
        await runner.close()


async def test_memory_that_earlier_calls_used_up_is_not_a_later_ones_fault(running, uplink):
    hoarder = """
const kept = [];
function decodeUplink(input) { kept.push(new Uint8Array(3 * 1024 * 1024)); return { data: { n: kept.length } } }
"""
    async with running() as runner:
        outcomes = await runner.run([uplink(hoarder)] * 12)

    assert all(isinstance(outcome, Returned) for outcome in outcomes), outcomes
    assert max(outcome.value["data"]["n"] for outcome in outcomes) < 8


async def test_microtasks_that_a_frame_leaves_behind_never_run(running, uplink):
    source = """
let seen = 0;
function decodeUplink() { (function f() { seen++; Promise.resolve().then(f) })(); return { data: { seen } } }
"""
    async with running() as runner:
        outcomes = await runner.run([uplink(source)] * 3)

    assert [outcome.value["data"]["seen"] for outcome in outcomes] == [1, 2, 3]


async def test_the_console_is_kept_and_bounded(decode):
    told = await decode(
        function("for (let i = 0; i < 10000; i++) console.log('line', i, 'x'.repeat(1000)); return { data: {} }")
    )

    assert len(told.console) == 50
    assert told.console[0].startswith("line 0 xxx")
    assert max(map(len, told.console)) <= 200
