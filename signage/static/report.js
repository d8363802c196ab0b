// What this screen says of itself: a heartbeat, and what it showed from when until when. Only with a token of its own.

const HEARTBEAT_MS = 30_000;
const PLAYS_MS = 300_000;
const HOUR_MS = 3_600_000;
const MOST_PLAYS = 200;

// FNV-1a of the UTF-8 octets, in 8 hexadecimal digits: enough to notice that the picture is not the frame.
export function hash(text) {
  let sum = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(text)) sum = Math.imul(sum ^ octet, 0x01000193);
  return (sum >>> 0).toString(16).padStart(8, "0");
}

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (octet) => octet.toString(16).padStart(2, "0")).join("");

export class Report {
  #address;
  #ask;
  #gate;
  #look;
  #store;
  #current; // { frame_id, begin } on our clock; frame_id null while the board is blank
  #battery = null;

  // `look()` gives { frame_id, rendered_hash } of what stands on the screen now; frame_id null for a blank board.
  constructor(address, ask, gate, look, store) {
    this.#address = address;
    this.#ask = ask;
    this.#gate = gate;
    this.#look = look;
    this.#store = store;
    this.#current = { frame_id: null, begin: performance.now() };
    navigator.getBattery?.().then((battery) => { this.#battery = battery; }, () => {});
  }

  start() {
    setInterval(() => this.#beat(), HEARTBEAT_MS);
    setInterval(() => this.#sendPlays(), PLAYS_MS);
  }

  // To be called whenever what is shown may have changed.
  note() {
    const { frame_id } = this.#look();
    if (frame_id === this.#current.frame_id) return;
    this.#cut();
    const told = this.#gate.serverTime() !== null;
    // Nothing was told yet, so nothing was shown: the time until now was blank, and stays in the account as that.
    this.#current = { frame_id, begin: told ? performance.now() : this.#current.begin };
  }

  // The play so far is over, or is handed in while it goes on; pieces end where hours do. What was before anybody told the
  // time is kept until somebody does.
  #cut() {
    const [begin, end] = [this.#current.begin, performance.now()].map((moment) => this.#gate.serverTime(moment));
    if (begin === null || end - begin < 1) return;
    const pieces = [];
    for (let from = begin; from < end;) {
      const until = Math.min(end, (Math.floor(from / HOUR_MS) + 1) * HOUR_MS);
      pieces.push({ frame_id: this.#current.frame_id, from: new Date(from).toISOString(), to: new Date(until).toISOString() });
      from = until;
    }
    const { batch, waiting } = this.#store.plays;
    this.#store.plays = { batch, waiting: [...waiting, ...pieces].slice(-MOST_PLAYS) };
    this.#current.begin = performance.now();
  }

  async #sendPlays() {
    this.#cut();
    // The same batch goes out with the same key until it is taken, so that none is counted twice.
    const { batch, waiting } = this.#store.plays;
    if (!batch && !waiting.length) return;
    const { key, plays } = batch ?? { key: newKey(), plays: waiting };
    if (!batch) this.#store.plays = { batch: { key, plays }, waiting: [] };
    const answer = await this.#post("plays", { plays }, { "Idempotency-Key": key });
    // What is refused for good would be refused for ever.
    if (answer && answer.status < 500 && ![401, 403, 408, 429].includes(answer.status))
      this.#store.plays = { batch: null, waiting: this.#store.plays.waiting };
  }

  async #beat() {
    const { frame_id, rendered_hash } = this.#look();
    const since = this.#gate.serverTime(this.#current.begin);
    await this.#post("heartbeat", {
      frame_id_shown: frame_id,
      shown_since: frame_id === null || since === null ? null : new Date(since).toISOString(),
      rendered_hash,
      interval_s: HEARTBEAT_MS / 1000,
      uptime_s: Math.round(performance.now() / 1000),
      screen_on: document.visibilityState === "visible",
      battery_percent: this.#battery && !this.#battery.charging ? Math.round(this.#battery.level * 100) : null,
      player: "smartplace-kiosk",
      refused: this.#gate.refused,
    });
  }

  async #post(what, body, headers = {}) {
    if (!this.#store.token) return null;
    try {
      return await this.#ask(`${this.#address}/${what}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(HEARTBEAT_MS),
      });
    } catch {
      return null; // said again with the next one
    }
  }
}
