// On a narrow screen the rail is a bar that scrolls: show where we are, not its beginning.
const bar = document.querySelector(".rail-inner");
const here = bar?.querySelector("[aria-current]");
if (here && bar.scrollWidth > bar.clientWidth) {
  bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.offsetWidth) / 2;
}
