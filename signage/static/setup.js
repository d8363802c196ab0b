// Keeps the token of a sign in this browser, and opens its page. Nothing is sent anywhere.

import { Store } from "./store.js";

document.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const { sign, token } = Object.fromEntries(new FormData(event.target));
  new Store(sign.trim()).token = token.trim();
  location.assign(`/signs/${encodeURIComponent(sign.trim())}`);
});
