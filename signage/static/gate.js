// Which frames may be shown, and until when. Time is counted on the monotonic clock alone, so neither a wrong wall clock nor
// a dead server can keep an old number on the street. The wall clock is only asked whether this machine slept.

export const LONGEST_MS = 120_000; // no frame is shown longer than this, whatever it says of itself
const CLOCKS_APART_MS = 5_000; // what the clocks of several servers may differ
const SLEPT_MS = 5_000;
const ANCHOR_MS = 300_000; // the server's time is anchored anew, for clocks drift apart
const STATES = new Set(["spaces", "almost_full", "full", "closed", "unknown"]);

const isText = (value, most) => typeof value === "string" && value.length <= most;

function isLine(line) {
  return isText(line?.key, 100) && isText(line.label, 200) && isText(line.display, 50) && STATES.has(line.state);
}

function isFrame(frame) {
  return (
    isText(frame?.sign_id, 100) && isText(frame.frame_id, 100) && isText(frame.title, 200) &&
    Number.isSafeInteger(frame.revision) && Number.isFinite(frame.valid_for_s) && frame.valid_for_s >= 0 &&
    Number.isFinite(Date.parse(frame.generated_at)) && Array.isArray(frame.lines) && frame.lines.length <= 50 &&
    frame.lines.every(isLine) && (frame.message === null || isText(frame.message, 1000))
  );
}

export class Gate {
  refused = { malformed: 0, foreign: 0, replayed: 0, expired: 0 };
  #sign;
  #expires = 0;
  #newest = null;
  #offsets = []; // [since, server's time minus ours], of this while and of the one before
  #clocks;
  #idleSince;

  constructor(sign) {
    this.#sign = sign;
    this.#clocks = [performance.now(), Date.now()];
    this.#idleSince = performance.now();
  }

  // Whether what is shown may still stand.
  get open() { return performance.now() < this.#expires; }

  // The server's time at a moment of ours, in ms; null before anything was heard.
  serverTime(moment = performance.now()) {
    return this.#offsets.length ? moment + Math.max(...this.#offsets.map(([, offset]) => offset)) : null;
  }

  // Whether a frame may be shown: the text of one, when it was heard, and since when it may have been on its way.
  admit(text, heard, asked = heard) {
    let frame = null;
    try { frame = JSON.parse(text); } catch { /* counted below */ }
    if (!isFrame(frame)) return this.#refuse("malformed");
    if (frame.sign_id !== this.#sign) return this.#refuse("foreign");
    const made = Date.parse(frame.generated_at);
    const { revision, made: before } = this.#newest ?? { revision: -Infinity, made: -Infinity };
    if (frame.revision < revision || made < before - CLOCKS_APART_MS) return this.#refuse("replayed");
    const end = this.#end(made, frame.valid_for_s, heard, asked);
    if (frame.valid_for_s > 0 && end <= heard) return this.#refuse("expired");
    this.#newest = { revision: frame.revision, made: Math.max(made, before) };
    this.#stand(end);
    return frame;
  }

  // The frame in hand is said to stand longer; gives when that was said, in the server's time, or null.
  renew(validForS, validUntil, heard, asked) {
    const made = Date.parse(validUntil) - validForS * 1000;
    if (!Number.isFinite(made) || !(validForS >= 0)) return null;
    const end = this.#end(made, validForS, heard, asked);
    if (end <= heard) return null;
    this.#stand(end);
    return made;
  }

  // What the page came with: as old as the page is, since it was asked for.
  begin(validForS) { this.#stand(Math.min(validForS * 1000, LONGEST_MS)); }

  shut() { this.#expires = 0; }

  // To be called several times a second. A machine that slept did not count the time: what it shows may be hours old.
  tick() {
    const [moment, wall] = this.#clocks;
    this.#clocks = [performance.now(), Date.now()];
    const slept = this.#clocks[1] - wall - (this.#clocks[0] - moment) > SLEPT_MS;
    if (slept) this.#forget();
    if (this.open) this.#idleSince = this.#clocks[0];
    // Nothing that was heard so long ago could still be shown. So begin anew as after a start: a database that was put back
    // counts from a lower revision, a server's clock that was ahead is right again.
    else if (this.#clocks[0] - this.#idleSince > LONGEST_MS) this.#forget();
    return slept;
  }

  #forget() {
    this.#newest = null;
    this.#offsets = [];
    this.#expires = 0;
    this.#idleSince = performance.now();
  }

  #refuse(why) {
    this.refused[why] += 1;
    return null;
  }

  #stand(end) { this.#expires = end; }

  // A frame that was held up on its way is as old as it is late: later, that is, than the fastest of the last minutes.
  #end(made, validForS, heard, asked) {
    const offset = made - heard;
    const [latest] = this.#offsets;
    if (!latest || heard - latest[0] > ANCHOR_MS) this.#offsets = [[heard, offset], ...this.#offsets.slice(0, 1)];
    else latest[1] = Math.max(latest[1], offset);
    const from = made + heard - this.serverTime(heard);
    return Math.min(asked, from) + Math.min(validForS * 1000, LONGEST_MS);
  }
}
