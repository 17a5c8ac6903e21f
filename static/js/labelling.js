// [data-labelling]: a key is a click on the button that names it in data-key, unless somebody is typing.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches?.("input:not([type=checkbox]), select, textarea")) return;
  const page = document.querySelector("[data-labelling]");
  const button = page?.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]:not([disabled])`);
  if (!button || page.querySelector(".htmx-request")) return;
  event.preventDefault();
  button.click();
});
