// data-copy="#id" copies the text of that element; the button says so for two seconds.
async function put(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  // Plain http on a local network has no clipboard API.
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "sr-only";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  const source = button && document.querySelector(button.dataset.copy);
  if (!source) return;
  await put((source.value ?? source.textContent).trim());
  const label = button.querySelector("[data-copy-label]");
  const before = button.dataset.copyBefore ??= label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => { label.textContent = before; button.focus({ preventScroll: true }); }, 2000);
});
