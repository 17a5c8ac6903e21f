// [data-review]: the whole queue by keyboard. A key presses the button that has it in data-key.
const TYPING = "input, select, textarea, [contenteditable]";

document.addEventListener("keydown", (event) => {
  const review = document.querySelector("[data-review]");
  if (!review || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.matches?.(TYPING) || document.querySelector("dialog[open]")) return;
  // A button or link that has the focus keeps its own Enter.
  if (event.key === "Enter" && event.target.matches?.("a, button, summary")) return;
  const button = review.querySelector(`[data-key="${CSS.escape(event.key.length === 1 ? event.key.toLowerCase() : event.key)}"]`);
  // A picture that has only just come is not answered by a key meant for the one before.
  if (!button || !review.dataset.ready || review.classList.contains("htmx-request")) return;
  event.preventDefault();
  button.click();
});

document.addEventListener("htmx:load", () => {
  const review = document.querySelector("[data-review]");
  if (review) review.dataset.ready = "yes";
});

// While an answer is on its way, no second one is given to the same picture.
document.addEventListener("htmx:beforeRequest", (event) => {
  event.target.closest?.("[data-review]")?.classList.add("htmx-request");
});
document.addEventListener("htmx:afterRequest", (event) => {
  const review = document.querySelector("[data-review]");
  review?.classList.remove("htmx-request");
  if (event.detail.failed) return;
  // Whoever presses a button with the keyboard goes on from the next picture.
  if (review && (document.activeElement === document.body || !document.activeElement)) review.focus({ preventScroll: true });
});
