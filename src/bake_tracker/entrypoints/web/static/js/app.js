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
