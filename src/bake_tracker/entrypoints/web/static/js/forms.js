"use strict";
// Buttons beside a number, and where to look after a refusal. Numbers are counted in millionths: never as floats.
(() => {
  const MICRO = 1000000n;

  /** Millionths of a number without groups, or null. */
  function micros(text, point) {
    const [whole, part = "", more] = text.trim().split(point);
    const isNumber = /^\d{1,12}$/.test(whole) && /^\d{0,6}$/.test(part) && more === undefined;
    return isNumber ? BigInt(whole) * MICRO + BigInt(part.padEnd(6, "0")) : null;
  }

  function written(value, point) {
    const part = String(value % MICRO).padStart(6, "0").replace(/0+$/, "");
    return String(value / MICRO) + (part && point + part);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button[data-step]");
    if (!button) return;
    const { step, min, point } = button.dataset;
    const input = document.getElementById(button.dataset.for);
    const now = micros(input.value || "0", point);
    if (now === null) return;
    const by = micros(step.replace("-", ""), ".");
    const next = step.startsWith("-") ? now - by : now + by;
    const least = micros(min, ".");
    input.value = written(next < least ? least : next, point);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });

  function show() {
    for (const button of document.querySelectorAll("button[data-step]")) button.hidden = false;
  }
  function look() {
    show();
    document.querySelector("[data-focus]")?.focus();
  }
  look();
  document.addEventListener("bake:shown", look);
  document.addEventListener("htmx:after:swap", show);

  // While a changed number is being checked, what the answer belongs to is not sent.
  function waiting(isWaiting) {
    for (const button of document.querySelectorAll("[data-waits]")) button.disabled = isWaiting;
  }
  document.addEventListener("input", (event) => { if (event.target.closest("[data-asks]")) waiting(true); });
  document.addEventListener("htmx:finally:request", () => waiting(false));
  document.addEventListener("htmx:error", () => {
    waiting(false);
    // Nobody could say what is planned now: what came out has to be counted.
    for (const name of ["actual_yield", "planned"]) for (const field of document.getElementsByName(name)) field.value = "";
  });

  // A page from the browser's memory has a form that was sent already.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
