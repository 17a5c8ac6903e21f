// The server says which topic changed; every element with that topic in data-live gets "look-again" and fetches itself.
// While the socket is down, everything looks again every ten seconds.
const path = document.querySelector("[data-live-socket]")?.dataset.liveSocket;
const due = new Set();
let socket, timer, waited = 0;

const elements = () => [...document.querySelectorAll("[data-live]")];
const topicsOf = (element) => element.dataset.live.split(/\s+/).filter(Boolean);
const up = () => socket?.readyState === WebSocket.OPEN;

function look(topic) {
  due.add(topic);
  timer ??= setTimeout(flush, 150);
}

function flush() {
  timer = null;
  const now = new Set(due);
  due.clear();
  for (const element of elements()) {
    const mine = topicsOf(element).filter((topic) => now.has(topic) || now.has("*"));
    if (!mine.length) continue;
    // An answer on its way may be older than this news: ask again after it.
    if (element.classList.contains("htmx-request")) mine.forEach(look);
    else htmx.trigger(element, "look-again");
  }
}

function subscribe() {
  if (up()) socket.send(JSON.stringify({ topics: [...new Set(elements().flatMap(topicsOf))] }));
}

function connect() {
  socket = new WebSocket(path.replace(/^\//, `${location.origin.replace(/^http/, "ws")}/`));
  socket.onopen = () => { waited = 0; subscribe(); document.body.dataset.liveState = "up"; };
  socket.onmessage = (event) => look(JSON.parse(event.data).topic);
  socket.onclose = () => {
    document.body.dataset.liveState = "down";
    waited = Math.min(30000, (waited || 500) * 2);
    setTimeout(connect, waited * (0.75 + Math.random() / 2));
  };
}

if (path) {
  connect();
  document.addEventListener("htmx:afterSettle", subscribe);
  setInterval(() => { if (!up() && !document.hidden) look("*"); }, 10000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look("*"); });
}
