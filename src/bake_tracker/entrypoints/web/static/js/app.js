"use strict";
for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  const root = document.documentElement;
  const name = () => { button.textContent = root.dataset.bsTheme === "dark" ? "Light" : "Dark"; };
  button.hidden = false;
  name();
  button.addEventListener("click", () => {
    root.dataset.bsTheme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    localStorage.setItem("bake-theme", root.dataset.bsTheme);
    name();
  });
}
// A table that is wider than the screen is scrolled by keyboard too.
const reachable = () => {
  for (const box of document.querySelectorAll(".table-responsive, .bake-picture")) {
    if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("resize", reachable);
document.addEventListener("htmx:after:swap", reachable);
reachable();
