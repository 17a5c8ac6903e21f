// input[data-slug-from="#name"] follows that field as a short name, until somebody types into it.
function shortName(text) {
  const plain = text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50).replace(/-+$/, "");
}

for (const slug of document.querySelectorAll("[data-slug-from]")) {
  const source = document.querySelector(slug.dataset.slugFrom);
  let own = slug.value !== "";
  slug.addEventListener("input", () => { own = slug.value !== ""; });
  source?.addEventListener("input", () => { if (!own) slug.value = shortName(source.value); });
}
