// What a codec finds around it, evaluated before it in the same context: a clock that stands still, chance that
// repeats itself, a console that is kept, and built-in objects that it cannot bend for the next frame.
(() => {
  "use strict";
  const MOST_LINES = 50;
  const MOST_LETTERS = 200;
  const SEED = 0x5347;
  const ENTRIES = ["decodeUplink", "encodeDownlink", "decodeDownlink"];

  // The runner's own copies: a codec may replace the originals, for itself.
  const { parse, stringify } = JSON;
  const RealDate = Date;
  const RealError = Error;
  const RealPromise = Promise;
  const then = RealPromise.prototype.then;
  const { apply, construct, getPrototypeOf, ownKeys } = Reflect;
  const { freeze, defineProperty } = Object;
  const join = Array.prototype.join;
  const text = String;
  const cut = Function.prototype.call.bind(String.prototype.slice);

  // The clock stands at the time of the frame, so that the same frame is decoded to the same data in years.
  let clock = 0;
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, values, newTarget) => construct(target, values.length ? values : [clock], newTarget),
    apply: () => text(new RealDate(clock)),
  });
  RealDate.prototype.constructor = globalThis.Date;
  defineProperty(RealDate, "now", { value: () => clock });

  // mulberry32, from the same seed for each frame.
  let seed = SEED;
  const { imul } = Math;
  defineProperty(Math, "random", {
    value: () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let mixed = imul(seed ^ (seed >>> 15), 1 | seed);
      mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  });

  let lines = [];
  const shown = (value) => {
    try {
      return cut(typeof value === "string" ? value : text(stringify(value) ?? value), 0, MOST_LETTERS);
    } catch {
      return "(cannot be shown)";
    }
  };
  const say = (...values) => {
    if (lines.length < MOST_LINES) lines.push(cut(values.slice(0, 20).map(shown).join(" "), 0, MOST_LETTERS));
  };
  globalThis.console = { log: say, info: say, debug: say, warn: say, error: say, trace: say };
  globalThis.module = { exports: {} };
  globalThis.exports = globalThis.module.exports;

  // Nothing here waits, shares or measures: what depends on time or on the collector of garbage would not repeat.
  for (const name of ["performance", "queueMicrotask", "SharedArrayBuffer", "Atomics", "WeakRef", "FinalizationRegistry"])
    delete globalThis[name];
  defineProperty(RealError, "prepareStackTrace", { value: undefined });
  defineProperty(RealError, "stackTraceLimit", { value: 10 });

  const described = (error) => {
    try {
      if (!(error instanceof RealError)) return { message: shown(error) };
      return { name: shown(error.name), message: shown(error.message), stack: cut(text(error.stack), 0, 2000) };
    } catch {
      return { message: "(cannot be shown)" };
    }
  };

  const entries = {};
  // The last line of every codec, put there by the engine, hands its functions over.
  globalThis.__handOver = (found) => {
    delete globalThis.__handOver;
    const exported = globalThis.module?.exports ?? {};
    for (const name of ENTRIES) entries[name] = found[name] ?? exported[name] ?? globalThis.exports?.[name];
  };

  let settled;
  // The promise that loading a module gives: what it failed with is told once the engine has run its jobs.
  globalThis.__watch = (promise) => {
    settled = undefined;
    apply(then, promise, [() => (settled = {}), (error) => (settled = { thrown: described(error) })]);
  };
  globalThis.__settled = () => (settled === undefined ? undefined : stringify(settled));
  globalThis.__entries = () => stringify(ENTRIES.filter((name) => typeof entries[name] === "function"));

  globalThis.__run = (name, inputText, now, most) => {
    clock = now;
    seed = SEED;
    lines = [];
    let parts;
    try {
      const input = parse(inputText);
      if (input.recvTime !== undefined) input.recvTime = new RealDate(input.recvTime);
      const output = entries[name](input);
      if (output instanceof RealPromise) parts = ['{"promise":true'];
      else parts = ['{"output":', stringify(output) ?? "null"];
    } catch (error) {
      parts = ['{"thrown":', stringify(described(error))];
    }
    if (parts.length > 1 && parts[1].length > most) parts = ['{"long":true'];
    if (lines.length) parts = [...parts, ',"console":', stringify(lines)];
    // Joined, not added: the binding cannot take the engine's ropes.
    return apply(join, [...parts, "}"], [""]);
  };

  // Prototypes, not constructors: real codecs add functions to Object and Number.
  const seen = new Set();
  const freezeAll = (prototype) => {
    if (prototype === null || typeof prototype !== "object" && typeof prototype !== "function" || seen.has(prototype)) return;
    seen.add(prototype);
    freezeAll(getPrototypeOf(prototype));
    freeze(prototype);
  };
  for (const name of ownKeys(globalThis)) {
    const value = globalThis[name];
    if (typeof value === "function" && value.prototype) freezeAll(value.prototype);
  }
  const hidden = [
    function* () {}, async function* () {}, async function () {}, () => {},
    (function* () {})(), (async function* () {})(), [][Symbol.iterator](), new Map().entries(), new Set().values(),
    ""[Symbol.iterator](), "".matchAll(/x/g), /x/, [].values().map((x) => x), Iterator.from({ next() {} }),
  ];
  for (const object of hidden) {
    freezeAll(getPrototypeOf(object));
    if (object.prototype) freezeAll(getPrototypeOf(object.prototype));
  }
})();
