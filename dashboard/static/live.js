// Keeps a page right: shows each new snapshot, lets ages tick, and says so when the stream is lost.
const main = document.querySelector("main[data-stream]");
const freshness = document.querySelector("[data-freshness]");
const announcer = document.querySelector("[data-announce]");
const STALE_MS = 120_000;
const ANNOUNCE_MS = 10_000;
const RECONNECT_MS = 10_000;

let asOf = Date.parse(main.dataset.asOf);
let clockLead = Date.parse(main.dataset.now) - Date.now();
let connected = true;
const changedPlaces = new Set();

const part = (moment, options) => new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", ...options }).format(moment);
const now = () => Date.now() + clockLead;
const slug = (words) => words.toLowerCase().replaceAll(" ", "-");
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const show = (element, text) => { if (element.textContent !== text) element.textContent = text; };

function clockText(moment) {
  const [hour, minute] = part(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).split(":");
  return `${hour % 12 || 12}:${minute}${hour < 12 ? "am" : "pm"}`;
}

function dayText(moment) {
  const day = (at) => part(at, { year: "numeric", month: "2-digit", day: "2-digit" });
  if (day(moment) === day(now())) return "";
  if (day(moment) === day(now() - 86_400_000)) return "yesterday ";
  const sameYear = part(moment, { year: "numeric" }) === part(now(), { year: "numeric" });
  return `on ${part(moment, { day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) })} `;
}

function ageText(moment) {
  if (Number.isNaN(moment)) return "never";
  const seconds = Math.floor((now() - moment) / 1000);
  if (seconds < 1) return "just now";
  if (seconds < 60) return `${counted(seconds, "second")} ago`;
  if (seconds < 3600) return `${counted(Math.floor(seconds / 60), "minute")} ago`;
  return `${dayText(moment)}at ${clockText(moment)}`;
}

function tick() {
  for (const element of document.querySelectorAll("[data-age]")) show(element, ageText(Date.parse(element.dataset.age)));
  const stale = !connected || now() - asOf > STALE_MS;
  freshness.dataset.freshness = stale ? "stale" : "fresh";
  show(freshness, stale ? `Not live: last updated ${ageText(asOf)}` : `Up to date at ${clockText(asOf)}`);
}

function set(element, text) {
  if ("age" in element.dataset) {
    element.dataset.age = text;
    return false;
  }
  const status = "status" in element.dataset;
  const word = element.querySelector("[data-word]") ?? element;
  const changed = status ? element.dataset.status !== slug(text) : word.textContent !== text;
  if (!changed) return false;
  if (status) {
    element.dataset.status = slug(text);
    element.querySelector("use").setAttribute("href", `#shape-${slug(text)}`);
  }
  if (!status || word !== element) show(word, text);
  return true;
}

function receive(event) {
  const { revision, as_of, now: serverNow, fields } = JSON.parse(event.data);
  main.dataset.revision = revision;
  asOf = Date.parse(as_of);
  clockLead = Date.parse(serverNow) - Date.now();
  connected = true;
  for (const element of document.querySelectorAll("[data-live]")) {
    const text = fields[element.dataset.live];
    if (text !== undefined && set(element, text)) changedPlaces.add(element.closest("[data-site]")?.dataset.site);
  }
  tick();
}

function announce() {
  changedPlaces.delete(undefined);
  if (changedPlaces.size) show(announcer, `${counted(changedPlaces.size, "place")} changed at ${clockText(now())}`);
  changedPlaces.clear();
}

function connect() {
  const stream = new EventSource(main.dataset.stream);
  stream.addEventListener("places", receive);
  stream.addEventListener("error", () => {
    connected = false;
    tick();
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, RECONNECT_MS * (1 + Math.random()));
  });
}

setInterval(tick, 1000);
setInterval(announce, ANNOUNCE_MS);
connect();
