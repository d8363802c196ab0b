// Keeps the page of a sign, and nothing that it shows, so that it starts without a network. `SHELL` and `FILES` stand above.

const PAGE = "/signs/shell.html";
const ANSWER_WITHIN_MS = 8_000;

self.addEventListener("install", (event) => {
  // All of them or none: a shell is never put together from two versions.
  const files = FILES.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(SHELL).then((shell) => shell.addAll(files)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name !== SHELL));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (FILES.includes(pathname)) event.respondWith(kept(pathname, event.request));
  // Whatever else is asked for is data: it comes from the network or not at all, and is kept nowhere.
});

async function kept(file, request) {
  return (await (await caches.open(SHELL)).match(file)) ?? fetch(request);
}

// Never an error page, and nobody else's: of a proxy, a hotel, a server that is starting.
async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    if (answer.headers.has("Smartplace-Sign") && answer.status < 500) return answer;
  } catch {
    // No network.
  }
  return kept(new URL(request.url).pathname.endsWith("/setup.html") ? "/signs/setup.html" : PAGE, PAGE);
}
