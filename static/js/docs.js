// The API documentation comes dressed for the dark under one class: it follows the choice of the pages, else the machine.
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => root.classList.toggle("dark-mode", root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  dress();
  dark.addEventListener("change", dress);
  new MutationObserver(dress).observe(root, { attributeFilter: ["data-theme"] });
}
