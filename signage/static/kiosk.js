// Shows the frames of one sign, and blanks the board by itself when they expire. Time is counted on the monotonic
// clock alone, so neither a wrong wall clock nor a dead server can keep an old number on the street.

const LONGEST_MS = 120_000; // no frame is shown longer than this, whatever it says of itself
const QUIET_MS = 15_000; // the server breaks every silence after 9 s
const CHECK_MS = 10_000;

const board = document.querySelector("main");
const rows = board.querySelector("ul");
const template = document.querySelector("#row");
const { expiredMessage, dashes } = document.querySelector("#marks").dataset;
const address = `/v1/signs/${encodeURIComponent(board.dataset.sign)}`;
const ukTime = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", timeStyle: "medium" });

const field = (within, name) => within.querySelector(`[data-field="${name}"]`);

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// --- the board ---

function mark(row, kind, name) {
  const id = `${kind}-${name}`;
  row.querySelector(`.${kind} use`).setAttribute("href", `#${id}`);
  return document.getElementById(id).dataset.word;
}

function setState(row, state, display, { word, basis = "nothing", mode = "auto" } = {}) {
  row.dataset.state = state;
  row.dataset.basis = basis;
  row.dataset.mode = mode;
  const unsaid = mark(row, "shape", state);
  write(field(row, "word"), word ?? unsaid);
  write(field(row, "display"), display);
}

function translate(element, texts) {
  for (const other of element.querySelectorAll(".other")) write(other, texts?.[other.lang] ?? "");
}

function newRow(line) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.line = line.key;
  write(field(row, "label"), line.label);
  translate(row, line.labels);
  write(field(row, "arrow"), mark(row, "arrow", line.arrow ?? "none"));
  setState(row, line.state, line.display, line);
  return row;
}

function draw(frame) {
  rows.replaceChildren(...frame.lines.map(newRow));
  write(field(board, "title"), frame.title);
  translate(board.querySelector("h1"), frame.titles);
  board.dataset.lit = frame.lit;
  board.dataset.message = Boolean(frame.message);
  board.dataset.lines = frame.lines.length;
  board.dataset.frame = frame.frame_id;
}

function blank() {
  if (board.dataset.blank === "true") return;
  for (const row of rows.children) setState(row, "unknown", dashes);
  write(field(board, "message"), expiredMessage);
  board.dataset.blank = "true";
  board.dataset.frame = "";
}

// --- how long it may stand ---

const end = (from, validForS) => from + Math.min(validForS * 1000, LONGEST_MS);
let expires = end(0, Number(board.dataset.validForS)); // 0 is when the page was asked for, before it was made

function renew(from, validForS, shownAt, validUntil) {
  expires = end(from, validForS);
  write(field(board, "shown-at"), ukTime.format(new Date(shownAt)));
  write(field(board, "valid-until"), ukTime.format(new Date(validUntil)));
}

function show(frame, from) {
  if (frame.frame_id !== board.dataset.frame) draw(frame);
  board.dataset.revision = frame.revision;
  renew(from, frame.valid_for_s, frame.generated_at, frame.valid_until);
  const expired = performance.now() >= expires;
  board.dataset.blank = "false";
  if (expired) blank();
  else write(field(board, "message"), frame.message ?? "");
}

setInterval(() => performance.now() >= expires && blank(), 200);

// --- where frames come from ---

let heard = performance.now();

function follow() {
  let fastest = Infinity; // of this connection: server's time of making a frame to our time of receiving it
  const source = new EventSource(`${address}/stream`);
  source.addEventListener("open", () => { fastest = Infinity; });
  source.addEventListener("frame", (event) => {
    heard = performance.now();
    const frame = JSON.parse(event.data);
    const made = Date.parse(frame.generated_at); // compared with the server's clock only
    fastest = Math.min(fastest, heard - made);
    show(frame, made + fastest); // a frame that was held up on its way is as old as it is late
  });
  return source;
}

async function poll() {
  const asked = performance.now();
  const headers = board.dataset.frame ? { "If-None-Match": `"${board.dataset.frame}"` } : {};
  try {
    const answer = await fetch(`${address}/frame`, { headers, cache: "no-store", signal: AbortSignal.timeout(CHECK_MS) });
    const said = (name) => answer.headers.get(name);
    if (answer.status === 200) show(await answer.json(), asked);
    else if (answer.status === 304 && board.dataset.blank === "false")
      renew(asked, Number(said("Smartplace-Valid-For")), said("Date"), said("Smartplace-Valid-Until"));
  } catch {
    // No answer, or none that can be read: what is shown expires, and we ask again.
  }
}

let source = follow();
setInterval(() => {
  const following = source.readyState === EventSource.OPEN && performance.now() - heard < QUIET_MS;
  if (following && board.dataset.blank === "false") return;
  source.close();
  source = follow();
  poll();
}, CHECK_MS);
