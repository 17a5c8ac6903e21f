// input[data-preview="#img"]: the chosen picture is shown at once, from memory, while the server answers.
const shown = new WeakMap();

document.addEventListener("change", (event) => {
  const picture = event.target.dataset?.preview && document.querySelector(event.target.dataset.preview);
  const file = picture && event.target.files[0];
  if (!file) return;
  URL.revokeObjectURL(shown.get(picture));
  const url = URL.createObjectURL(file);
  shown.set(picture, url);
  picture.src = url;
  picture.alt = file.name;
  picture.hidden = false;
});
// A picture the browser cannot draw (a TIFF, a broken file) is no reason for a broken image sign.
document.addEventListener("error", (event) => {
  if (event.target.matches?.("img") && event.target.src.startsWith("blob:")) event.target.hidden = true;
}, true);
// The same file may be tried twice: choosing it again must count as a change.
document.addEventListener("htmx:afterRequest", (event) => {
  const input = event.target.querySelector?.("input[data-preview]");
  if (input) input.value = "";
});
