// [data-gallery]: choose images by click, with shift a whole stretch, by x where the focus is; a bar says how many.
let last;

const boxes = (gallery) => [...gallery.querySelectorAll("input[name=ids]")];

function count(gallery) {
  const chosen = boxes(gallery).filter((box) => box.checked).length;
  const bar = gallery.querySelector("[data-chosen]");
  if (!bar) return;
  bar.hidden = !chosen;
  bar.querySelector("[data-chosen-count]").textContent = chosen;
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-gallery] input[name=ids]");
  if (box) {
    const all = boxes(box.closest("[data-gallery]"));
    if (event.shiftKey && all.includes(last)) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(from, to + 1)) one.checked = box.checked;
    }
    last = box;
    count(box.closest("[data-gallery]"));
  }
  const all = event.target.closest?.("[data-choose-all]");
  if (all) {
    const gallery = all.closest("[data-gallery]");
    const every = boxes(gallery).every((box) => box.checked);
    for (const box of boxes(gallery)) box.checked = !every;
    count(gallery);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "x" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches?.("input:not([type=checkbox]), select, textarea")) return;
  event.target.closest?.(".thumb")?.querySelector("input[name=ids]")?.click();
});
