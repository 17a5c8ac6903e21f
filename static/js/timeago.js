// <time datetime data-timeago> reads "5 minutes ago"; data-localtime, -localhour and -localday show the reader's own clock. Both carry the full time as a title.
const lang = document.documentElement.lang || undefined;
const full = new Intl.DateTimeFormat(lang, { dateStyle: "long", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(lang, { dateStyle: "medium", timeStyle: "short" });
const axis = {
  localhour: new Intl.DateTimeFormat(lang, { timeStyle: "short" }),
  localday: new Intl.DateTimeFormat(lang, { month: "short", day: "numeric" }),
};
const ago = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const steps = [["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];

function relative(when) {
  const seconds = (when - Date.now()) / 1000;
  const [unit, size] = steps.find(([, length]) => Math.abs(seconds) >= length) ?? ["second", 1];
  return ago.format(Math.round(seconds / size), unit);
}

function show(root) {
  for (const element of root.querySelectorAll("time")) {
    const when = new Date(element.dateTime);
    const kind = Object.keys(element.dataset).find((name) => name === "timeago" || name.startsWith("local"));
    if (isNaN(when) || !kind) continue;
    element.textContent = kind === "timeago" ? relative(when) : (axis[kind] ?? short).format(when);
    element.title = full.format(when);
  }
}

show(document);
// Before what came in is painted: its own words, "0 minutes ago", would flash.
document.addEventListener("htmx:afterSwap", (event) => show(event.target.parentNode ?? document));
setInterval(() => show(document), 30000);
