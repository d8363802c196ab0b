// Where frames come from: a stream, and every ten seconds a question while there is none. No answer is kept anywhere.

const CHECK_MS = 10_000;
const QUIET_MS = 15_000; // the server breaks every silence after 9 s
const AGAIN_MS = 1_000;
const LONGEST_EVENT = 262_144;

export class Source {
  #address;
  #ask;
  #handlers;
  #heard = -Infinity;
  #following = null;

  // `ask` is a fetch that shows who we are. Handlers: frame(text, heard, asked), renewed(headers, heard, asked), denied(),
  // unknown(); `shown()` gives the frame_id of what is shown, empty if nothing is.
  constructor(address, ask, handlers) {
    this.#address = address;
    this.#ask = ask;
    this.#handlers = handlers;
  }

  start() {
    this.#follow();
    setInterval(() => this.#check(), CHECK_MS);
  }

  // Ask now, and open the stream anew: what we have may be from before a sleep.
  refresh() {
    this.#following?.abort();
    this.#following = null;
    this.#poll();
    this.#follow();
  }

  #check() {
    const isHeard = this.#following && performance.now() - this.#heard < QUIET_MS;
    if (isHeard && this.#handlers.shown()) return;
    if (!isHeard) this.#following?.abort();
    this.#poll();
    if (!isHeard) this.#follow();
  }

  async #follow() {
    const following = new AbortController();
    this.#following = following;
    try {
      const answer = await this.#ask(`${this.#address}/stream`, { signal: following.signal });
      if (answer.ok && answer.body) await this.#read(answer.body, following);
      else this.#refused(answer.status);
    } catch {
      // Nobody there, cut off, or no room: we ask until there is.
    }
    if (this.#following !== following) return;
    this.#following = null;
    // Not everybody at once, after a restart of the server.
    setTimeout(() => this.#following ?? this.#follow(), AGAIN_MS + Math.random() * CHECK_MS);
  }

  async #read(body, following) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let pending = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done || this.#following !== following) return;
      this.#heard = performance.now();
      const events = (pending + value).split("\n\n");
      pending = events.pop();
      events.forEach((event) => this.#event(event));
      if (pending.length > LONGEST_EVENT) throw new RangeError("an event without an end");
    }
  }

  #event(event) {
    const lines = event.split("\n");
    const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
    if (lines.includes("event: denied")) this.#handlers.denied();
    else if (data) this.#handlers.frame(data, this.#heard, this.#heard);
  }

  async #poll() {
    const asked = performance.now();
    const shown = this.#handlers.shown();
    const headers = shown ? { "If-None-Match": `"${shown}"` } : {};
    try {
      const answer = await this.#ask(`${this.#address}/frame`, { headers, signal: AbortSignal.timeout(CHECK_MS) });
      if (answer.status === 200) this.#handlers.frame(await answer.text(), performance.now(), asked);
      else if (answer.status === 304 && shown) this.#handlers.renewed(answer.headers, performance.now(), asked);
      else this.#refused(answer.status);
    } catch {
      // No answer, or none that can be read: what is shown expires, and we ask again.
    }
  }

  #refused(status) {
    if (status === 401 || status === 403) this.#handlers.denied();
    else if (status === 404) this.#handlers.unknown();
  }
}
