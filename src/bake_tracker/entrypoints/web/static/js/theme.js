// Before the first paint: the colours that were chosen here, or those of the system.
(() => {
  "use strict";
  const kept = localStorage.getItem("bake-theme");
  const dark = kept ? kept === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
})();
