// The board of one sign: draws the frames that the gate admits, and blanks by itself when they expire.

import { Gate } from "./gate.js";
import { Report, hash } from "./report.js";
import { Source } from "./source.js";
import { Store } from "./store.js";

const board = document.querySelector("main");
const rows = board.querySelector("ul");
const template = document.querySelector("#row");
const { dashes, organisation, ...marks } = document.querySelector("#marks").dataset;
const expired = { message: marks.expiredMessage, word: undefined }; // what a board says of itself, until a frame says it better
const sign = decodeURIComponent(location.pathname.split("/")[2]);
const address = `/v1/signs/${encodeURIComponent(sign)}`;
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

// The other languages of a text stand behind it. The page may have been made before anybody knew them.
function translate(text, texts) {
  for (const other of text.parentNode.querySelectorAll(".other")) other.remove();
  for (const [lang, words] of Object.entries(texts ?? {}).reverse()) {
    const other = Object.assign(document.createElement("span"), { className: "other", lang });
    other.textContent = words;
    text.after(" ", other);
  }
}

function newRow(line) {
  const row = template.content.firstElementChild.cloneNode(true);
  row.dataset.line = line.key;
  write(field(row, "label"), line.label);
  translate(field(row, "label"), line.labels);
  write(field(row, "arrow"), mark(row, "arrow", line.arrow ?? "none"));
  setState(row, line.state, line.display, line);
  return row;
}

function draw(frame) {
  rows.replaceChildren(...frame.lines.map(newRow));
  write(field(board, "title"), frame.title);
  translate(field(board, "title"), frame.titles);
  Object.assign(board.dataset, {
    frame: frame.frame_id,
    message: Boolean(frame.message),
    lines: frame.lines.length,
    lit: frame.lit,
    layout: frame.layout,
    layoutVersion: frame.layout_version,
  });
  Object.assign(expired, { message: frame.expired_message, word: frame.expired_word });
}

function blank() {
  if (board.dataset.blank === "true") return;
  for (const row of rows.children) setState(row, "unknown", dashes, { word: expired.word });
  write(field(board, "message"), expired.message);
  board.dataset.blank = "true";
  board.dataset.frame = "";
}

// Nobody may show anything here: the name of the owner, and nothing else.
function neutral() {
  gate.shut();
  rows.replaceChildren();
  write(field(board, "title"), organisation);
  translate(field(board, "title"), {});
  write(field(board, "message"), "");
  Object.assign(board.dataset, { lines: "0", blank: "true", lit: "false", frame: "" });
}

function told(made, validUntil) {
  write(field(board, "shown-at"), ukTime.format(new Date(made)));
  write(field(board, "valid-until"), ukTime.format(new Date(validUntil)));
}

function show(frame) {
  if (frame.frame_id !== board.dataset.frame) draw(frame);
  board.dataset.revision = frame.revision;
  told(frame.generated_at, frame.valid_until);
  board.dataset.blank = "false";
  if (gate.open) write(field(board, "message"), frame.message ?? "");
  else blank();
}

// What a camera would see, in the order in which it is read.
function seen() {
  const lines = Array.from(rows.children, (row) => [field(row, "label"), field(row, "display")].map((part) => part.textContent));
  return [field(board, "title").textContent, ...lines.flat(), field(board, "message").textContent].join("\n");
}

function look() {
  return { frame_id: board.dataset.blank === "false" ? board.dataset.frame : null, rendered_hash: hash(seen()) };
}

// --- its parts ---

const store = new Store(sign);
store.adopt();

const ask = (url, { headers = {}, ...more }) =>
  fetch(url, {
    ...more,
    cache: "no-store",
    credentials: "omit",
    headers: { ...headers, ...(store.token && { Authorization: `Bearer ${store.token}` }) },
  });

const gate = new Gate(sign);
gate.begin(Number(board.dataset.validForS)); // counted from when the page was asked for, before it was made
const report = new Report(address, ask, gate, look, store);
const source = new Source(address, ask, {
  shown: () => (board.dataset.blank === "false" ? board.dataset.frame : ""),
  frame(text, heard, asked) {
    const frame = gate.admit(text, heard, asked);
    if (frame) show(frame);
    report.note();
  },
  renewed(headers, heard, asked) {
    const validUntil = headers.get("Smartplace-Valid-Until");
    const made = gate.renew(Number(headers.get("Smartplace-Valid-For")), validUntil, heard, asked);
    if (made !== null) told(made, validUntil);
  },
  denied: neutral,
  unknown: neutral,
});

setInterval(() => {
  const slept = gate.tick();
  if (!gate.open) blank();
  if (slept) source.refresh();
  report.note();
}, 200);
source.start();
report.start();

// --- the shell, which starts without a network and is renewed when the board can be drawn anew at once ---

const workers = navigator.serviceWorker; // only where the connection is secure
if (workers) {
  const isFirst = !workers.controller;
  workers.addEventListener("controllerchange", () => isFirst || location.reload());
  workers.register("/signs/service-worker.js", { scope: "/signs/" }).then(
    (registration) => setInterval(() => registration.update().catch(() => {}), 3_600_000),
    () => {}, // no shell: the board works, but needs a network to start
  );
}
