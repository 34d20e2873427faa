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
  show();
  document.addEventListener("htmx:after:swap", show);
  document.querySelector("[data-focus]")?.focus();

  // While a changed number is being checked, what the answer belongs to is not sent.
  function waiting(isWaiting) {
    for (const button of document.querySelectorAll("[data-waits]")) button.disabled = isWaiting;
  }
  document.addEventListener("input", (event) => { if (event.target.closest("[data-asks]")) waiting(true); });
  for (const end of ["htmx:finally:request", "htmx:error"]) document.addEventListener(end, () => waiting(false));

  // A page from the browser's memory has a form that was sent already.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
