// [data-dropzone] around a file input: drop or paste a file, see its name, watch it go up.
const size = (bytes) => {
  const unit = bytes < 1e6 ? ["kilobyte", 1e3] : bytes < 1e9 ? ["megabyte", 1e6] : ["gigabyte", 1e9];
  return new Intl.NumberFormat(document.documentElement.lang || undefined,
    { style: "unit", unit: unit[0], maximumFractionDigits: 1 }).format(bytes / unit[1]);
};
const zoneOf = (event) => event.target.closest?.("[data-dropzone]");

function give(zone, files) {
  const input = zone.querySelector("input[type=file]");
  if (!files.length || input.disabled) return;
  const kept = new DataTransfer();
  for (const file of input.multiple ? files : [files[0]]) kept.items.add(file);
  input.files = kept.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    const zone = zoneOf(event);
    if (!zone) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
}
document.addEventListener("dragleave", (event) => {
  const zone = zoneOf(event);
  if (zone && !zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
});
document.addEventListener("drop", (event) => {
  const zone = zoneOf(event);
  if (!zone) return;
  event.preventDefault();
  zone.classList.remove("is-over");
  give(zone, event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  const zone = document.querySelector("[data-dropzone-paste]");
  if (zone && event.clipboardData.files.length) give(zone, event.clipboardData.files);
});
document.addEventListener("change", (event) => {
  const said = zoneOf(event)?.querySelector("output");
  if (said) said.textContent = [...event.target.files].map((file) => `${file.name} · ${size(file.size)}`).join(", ");
});
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.querySelector?.("progress[data-upload]");
  if (!bar || !event.detail.lengthComputable || !event.target.querySelector("input[type=file]")) return;
  bar.closest("[data-upload-box]").hidden = false;
  if (event.detail.loaded < event.detail.total) bar.value = event.detail.loaded / event.detail.total;
  else bar.removeAttribute("value"); // sent; the server is reading it
});
