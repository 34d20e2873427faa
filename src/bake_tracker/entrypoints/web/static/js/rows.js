"use strict";
// "Add a row" without asking the server; without this script the button sends the form, which comes back with more rows.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-add-row]");
  if (!button) return;
  event.preventDefault();
  const rows = button.closest("[data-rows]").querySelectorAll("[data-row]");
  const last = rows[rows.length - 1];
  const next = last.cloneNode(true);
  for (const said of next.querySelectorAll(".invalid-feedback")) said.remove();
  for (const input of next.querySelectorAll("input")) {
    const id = `${input.name}[${rows.length}]`;
    const label = next.querySelector(`label[for="${CSS.escape(input.id)}"]`);
    label.htmlFor = id;
    label.textContent = label.textContent.replace(/\d+$/, String(rows.length + 1));
    input.id = id;
    input.value = "";
    input.classList.remove("is-invalid");
    for (const name of ["aria-invalid", "aria-describedby", "placeholder"]) input.removeAttribute(name);
  }
  last.after(next);
  next.querySelector("input").focus();
});
