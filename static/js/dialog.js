// data-dialog-open="id" opens the native <dialog>; data-dialog-close and a click on the backdrop close it.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.dialogOpen)?.showModal();
    return;
  }
  if (event.target.closest("[data-dialog-close]") || event.target.matches("dialog[open]")) {
    event.target.closest("dialog")?.close();
  }
});
// A dialog that came back with errors is shown again.
document.addEventListener("htmx:load", (event) => {
  const again = event.detail.elt.querySelectorAll?.("dialog[data-dialog-show]") ?? [];
  for (const dialog of again) if (!dialog.open) dialog.showModal();
});
for (const dialog of document.querySelectorAll("dialog[data-dialog-show]")) if (!dialog.open) dialog.showModal();
