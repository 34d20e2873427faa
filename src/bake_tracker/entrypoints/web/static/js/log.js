"use strict";
// The log as it is written: each event is one row of the table. Without this, "Reload" does.
(() => {
  const MOST_ROWS = 300;
  const rows = document.querySelector("[data-log-events]");
  if (!rows) return;
  const pause = document.querySelector("[data-log-pause]");
  const state = document.querySelector("[data-log-state]");
  let after = rows.dataset.logAfter;
  let source = null;
  const listen = () => {
    const address = new URL(rows.dataset.logEvents, location.href);
    address.searchParams.set("after", after);
    source = new EventSource(address);
    source.addEventListener("open", () => { state.textContent = "New lines appear by themselves."; });
    source.addEventListener("error", () => {
      state.textContent = source.readyState === EventSource.CLOSED ? "New lines do not appear; reload the page." : "Cannot reach the server; trying again.";
    });
    source.addEventListener("line", (event) => {
      after = event.lastEventId;
      rows.querySelector("[data-log-empty]")?.remove();
      rows.insertAdjacentHTML("afterbegin", event.data);
      rows.firstElementChild.classList.add("bake-new");
      while (rows.children.length > MOST_ROWS) rows.lastElementChild.remove();
    });
  };
  pause.hidden = false;
  pause.addEventListener("click", () => {
    const goesOn = source === null;
    if (goesOn) listen();
    else { source.close(); source = null; state.textContent = "Paused."; }
    pause.textContent = goesOn ? "Pause" : "Go on";
  });
  addEventListener("pagehide", () => { if (source) source.close(); });
  addEventListener("pageshow", (event) => { if (event.persisted && source) listen(); });
  listen();
})();
