// Short notes in the corner: from the server (HX-Trigger: {"toast": {"text": …, "tone": …}}) and when a request fails.
const corner = document.querySelector("[data-toasts]");

function toast(text, tone = "good") {
  if (!corner || !text) return;
  const note = corner.querySelector("template").content.firstElementChild.cloneNode(true);
  note.classList.add(`notice-${tone}`);
  note.querySelector("[data-toast-text]").textContent = text;
  corner.append(note);
  if (tone !== "bad") setTimeout(() => note.remove(), 6000);
}

document.addEventListener("toast", (event) => toast(event.detail.text, event.detail.tone));
document.addEventListener("htmx:sendError", () => toast(corner?.dataset.offline, "bad"));
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  toast(status === 403 ? corner?.dataset.forbidden : corner?.dataset.failed, "bad");
});
document.addEventListener("click", (event) => {
  event.target.closest("[data-toast-close]")?.closest(".notice").remove();
});
