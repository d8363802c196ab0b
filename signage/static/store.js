// What a screen keeps across restarts: its token, and what it has not handed in yet. Never a number of anything.

export class Store {
  #sign;
  #memory = {}; // where the browser keeps nothing

  constructor(sign) { this.#sign = sign; }

  get token() { return this.#read("token") ?? ""; }
  set token(token) { this.#write("token", token); }

  get plays() {
    try { return JSON.parse(this.#read("plays")) ?? { batch: null, waiting: [] }; } catch { return { batch: null, waiting: [] }; }
  }
  set plays(plays) { this.#write("plays", JSON.stringify(plays)); }

  // A token that came with the address, after `#token=`: kept, and taken out of the address.
  adopt() {
    const token = new URLSearchParams(location.hash.slice(1)).get("token");
    if (token === null) return;
    this.token = token;
    history.replaceState(null, "", location.pathname + location.search);
  }

  #name(what) { return `smartplace-${what}:${this.#sign}`; }

  #read(what) {
    try { return localStorage.getItem(this.#name(what)); } catch { return this.#memory[what] ?? null; }
  }

  #write(what, value) {
    this.#memory[what] = value;
    try { localStorage.setItem(this.#name(what), value); } catch { /* for this run only */ }
  }
}
