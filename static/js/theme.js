// Loaded before the first paint, so that a chosen theme never flashes the other one.
{
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const remember = (theme) => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch { /* private windows may refuse storage: the choice then lasts for this page */ }
  };
  const chosen = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const show = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  show(chosen());

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const machine = dark.matches ? "dark" : "light";
    const now = root.dataset.theme || machine;
    const next = now === "dark" ? "light" : "dark";
    // Back to what the machine says means no choice at all: the page follows it again.
    show(next);
    remember(next === machine ? null : next);
    if (next === machine) show(null);
  });
  addEventListener("storage", (event) => { if (event.key === "theme") show(event.newValue); });
}
