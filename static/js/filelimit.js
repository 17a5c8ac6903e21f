// form[data-max-bytes]: a file that is too large is refused in words before it is sent.
document.addEventListener("change", (event) => {
  const form = event.target.closest?.("form[data-max-bytes]");
  if (!form || event.target.type !== "file") return;
  const tooLarge = [...event.target.files].some((file) => file.size > Number(form.dataset.maxBytes));
  event.target.setCustomValidity(tooLarge ? form.dataset.tooLarge : "");
  if (tooLarge) event.target.reportValidity();
});
