// canvas[data-evidence]: the centre square of a picture, brightened where the model found what it answered.
function draw(canvas) {
  const picture = document.querySelector(canvas.dataset.evidenceOf);
  const rows = JSON.parse(canvas.dataset.evidence);
  if (picture && !picture.naturalWidth) picture.addEventListener("load", () => draw(canvas), { once: true });
  if (!picture?.naturalWidth || !rows.length) return;
  const { naturalWidth: width, naturalHeight: height } = picture;
  const side = Math.min(width, height) * 224 / 256;
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, (width - side) / 2, (height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
  const veil = document.createElement("canvas");
  veil.width = rows[0].length;
  veil.height = rows.length;
  const cells = veil.getContext("2d").createImageData(veil.width, veil.height);
  rows.flat().forEach((value, place) => cells.data.set([8, 10, 30, Math.round(200 * (1 - value))], place * 4));
  veil.getContext("2d").putImageData(cells, 0, 0);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(veil, 0, 0, canvas.width, canvas.height);
}

document.addEventListener("htmx:load", (event) => {
  const found = event.detail.elt.matches?.("[data-evidence]") ? [event.detail.elt] : event.detail.elt.querySelectorAll?.("[data-evidence]") ?? [];
  for (const canvas of found) draw(canvas);
});
