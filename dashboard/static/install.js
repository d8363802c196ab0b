// Fills in where the installer stands. The page is complete without it.
const locate = document.querySelector("[data-locate]");
const field = (name) => document.querySelector(`#${name}`);

function found(position) {
  field("lon").value = position.coords.longitude.toFixed(6);
  field("lat").value = position.coords.latitude.toFixed(6);
  nearestFirst(position.coords);
  say(`Within ${Math.round(position.coords.accuracy)} metres${farFrom(field("asset").selectedOptions[0], position.coords)}`);
}

// Whoever stands somewhere else than at the bay that they chose should hear of it before the bay is moved there.
function farFrom(bay, { longitude, latitude }) {
  if (!bay?.value) return "";
  const east = (bay.dataset.lon - longitude) * 111320 * Math.cos((latitude * Math.PI) / 180);
  const metres = Math.round(Math.hypot(east, (bay.dataset.lat - latitude) * 111320));
  return `, ${metres.toLocaleString("en-GB")} metres from where the plan has ${bay.text.replace(/ \(.*/, "")}`;
}

function nearestFirst({ longitude, latitude }) {
  const east = Math.cos((latitude * Math.PI) / 180);
  const away = ({ dataset }) => Math.hypot((dataset.lon - longitude) * east, dataset.lat - latitude);
  const choice = field("asset");
  const [none, ...places] = choice.options;
  const chosen = choice.value;
  choice.replaceChildren(none, ...places.sort((one, other) => away(one) - away(other)));
  choice.value = chosen;
}

function say(text) {
  locate.querySelector("[role=status]").textContent = text;
}

if (locate && "geolocation" in navigator) {
  locate.hidden = false;
  locate.querySelector("button").addEventListener("click", () => {
    say("Looking for where you are");
    const failed = () => say("Your phone does not say where it is: enter it below, or leave it empty");
    navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: 20_000 });
  });
}

// A tap on the plan fills in where the bay is, without loading the page anew: nothing that was typed is lost.
const plan = document.querySelector(".plan__picture[data-lon]");

function tapped(event) {
  if (event.detail === 0) return; // A key: the browser has no point to tell of.
  event.preventDefault();
  const { lon, lat, metres, name } = plan.dataset;
  const east = (event.offsetX - plan.width / 2) * metres;
  const north = (plan.height / 2 - event.offsetY) * metres;
  field("lon").value = (Number(lon) + east / (111320 * Math.cos((lat * Math.PI) / 180))).toFixed(6);
  field("lat").value = (Number(lat) + north / 111320).toFixed(6);
  const pin = document.querySelector(".plan__pin");
  pin.style.left = `${event.offsetX}px`;
  pin.style.top = `${event.offsetY}px`;
  pin.hidden = false;
  document.querySelector("#plan-words").textContent = `${name} is where you tapped: tap again to mend that.`;
}

plan?.addEventListener("click", tapped);
