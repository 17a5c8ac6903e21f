// One dialog asks before what cannot be undone: hx-confirm="…" on htmx elements, data-confirm="…" on plain forms.
const dialog = document.querySelector("[data-confirm-dialog]");

function ask(question, label) {
  dialog.querySelector("[data-confirm-text]").textContent = question;
  dialog.querySelector("[data-confirm-yes]").textContent = label || dialog.dataset.yes;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => {
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
  });
}

document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question || !dialog) return;
  event.preventDefault();
  if (await ask(event.detail.question, event.detail.elt.dataset.confirmYes)) event.detail.issueRequest(true);
});
document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.confirmed || !dialog) return;
  event.preventDefault();
  if (!(await ask(form.dataset.confirm, form.dataset.confirmYes))) return;
  // A live fragment may have been exchanged while the dialog stood open: then its new form is the one.
  const now = form.isConnected ? form : document.querySelector(`form[action="${form.getAttribute("action")}"]`);
  if (!now) return;
  now.dataset.confirmed = "yes";
  now.requestSubmit(now === form ? event.submitter : null);
  delete now.dataset.confirmed;
});
