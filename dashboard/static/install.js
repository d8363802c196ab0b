// Fills in where the installer stands. The page is complete without it.
const locate = document.querySelector("[data-locate]");
const field = (name) => document.querySelector(`#${name}`);

function found(position) {
  field("lon").value = position.coords.longitude.toFixed(6);
  field("lat").value = position.coords.latitude.toFixed(6);
  nearestFirst(position.coords);
  say(`Within ${Math.round(position.coords.accuracy)} metres`);
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
