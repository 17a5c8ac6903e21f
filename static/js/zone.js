// [data-zone] beside an input of a moment: an input takes the name of the reader's own zone, text shows it. Without this the moment is meant in UTC.
const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

function tell(root) {
  if (!timeZone) return;
  for (const element of root.querySelectorAll("[data-zone]")) {
    if (element.matches("input")) element.value = timeZone;
    else element.textContent = timeZone.replaceAll("_", " ");
  }
}

tell(document);
document.addEventListener("htmx:afterSwap", (event) => tell(event.target.parentNode ?? document));
