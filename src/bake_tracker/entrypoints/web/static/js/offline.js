"use strict";
// Forms with data-keep are sent by this script. Where nobody answers, what was filled in is kept on this tablet, for the
// person who is signed in, and sent once more when the connection is back. Its operation_id makes that safe: what had
// arrived after all is not recorded a second time. No password and no token is kept.
(() => {
  const user = document.body.dataset.user;
  const PREFIX = "bake-kept:";
  const RETRY_MS = 15000;
  const GIVE_UP_MS = 30000;
  const AWAY = new Set([429, 502, 503, 504]);
  const SIGN_IN = 401;
  const NOT_OUR_PAGE = 403;
  const secret = "csrf_token";
  const box = document.createElement("div");
  box.setAttribute("role", "status");
  document.getElementById("main").prepend(box);

  // what is kept -------------------------------------------------------------------------------------------------------

  function all() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    return keys.map((key) => JSON.parse(localStorage.getItem(key))).sort((one, other) => one.at - other.at);
  }
  const mine = () => all().filter((one) => one.user === user);
  const key = (one) => PREFIX + one.user + ":" + one.id;
  const keep = (one) => localStorage.setItem(key(one), JSON.stringify(one));
  const forget = (one) => localStorage.removeItem(key(one));

  function fieldsOf(form, submitter) {
    const data = new FormData(form);
    if (submitter?.name) data.append(submitter.name, submitter.value);
    return [...data].filter(([name, value]) => name !== secret && typeof value === "string");
  }

  function token() {
    return document.querySelector(`input[name="${secret}"]`)?.value ?? "";
  }

  /** The answer; an exception where there is none. */
  function send(action, fields) {
    return fetch(action, {
      method: "POST",
      body: new URLSearchParams([...fields, [secret, token()]]),
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(GIVE_UP_MS),
    });
  }

  /** Whether what is kept has to wait: nobody answered, or whoever did cannot take it now. */
  const isAway = (answer) => answer === null || AWAY.has(answer.status);

  // sending a form -----------------------------------------------------------------------------------------------------

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-keep]");
    if (!form || event.defaultPrevented || !user) return;
    event.preventDefault();
    if (form.dataset.busy) return;
    form.dataset.busy = "1";
    const fields = fieldsOf(form, event.submitter);
    const one = {
      user,
      id: form.elements.operation_id.value,
      what: form.dataset.keep,
      action: form.getAttribute("action"),
      page: location.pathname + location.search,
      fields,
      at: Date.now(),
      state: "waiting",
    };
    const answer = await send(one.action, fields).catch(() => null);
    delete form.dataset.busy;
    if (isAway(answer) || answer.status === SIGN_IN) {
      keep({ ...one, state: isAway(answer) ? "waiting" : "signed out" });
      hold(form, true);
      tell();
      return;
    }
    if (answer.status === NOT_OUR_PAGE) { // it was loaded before the last sign-in
      keep(one);
      location.reload();
      return;
    }
    forget(one);
    await show(answer);
  });

  /** The page that the answer is: by its address, or in place of this one where it has none of its own. */
  async function show(answer) {
    const text = await answer.text(); // to its end, or the browser calls it aborted
    if (answer.redirected) {
      location.assign(answer.url);
      return;
    }
    const page = new DOMParser().parseFromString(text, "text/html");
    const main = document.getElementById("main");
    main.replaceChildren(box, ...page.getElementById("main").children);
    document.title = page.title;
    window.htmx?.process(main);
    document.dispatchEvent(new Event("bake:shown"));
    tell();
  }

  /** What was kept is not kept twice by an impatient finger: the next one is begun on purpose. */
  function hold(form, isHeld) {
    form.toggleAttribute("data-held", isHeld);
    for (const button of form.querySelectorAll("button:not([type=button])")) button.disabled = isHeld;
  }

  /** The form again, for something else: what is kept stays as it is. */
  function another() {
    const form = document.querySelector("form[data-held]");
    const bytes = [...crypto.getRandomValues(new Uint8Array(16))];
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    form.elements.operation_id.value = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    hold(form, false);
    tell();
  }

  // telling ------------------------------------------------------------------------------------------------------------

  function part(name, text, classes = "") {
    const element = document.createElement(name);
    element.textContent = text;
    element.className = classes;
    return element;
  }

  function button(text, act) {
    const made = part("button", text, "btn");
    made.type = "button";
    made.addEventListener("click", act);
    return made;
  }

  function link(text, address) {
    const made = part("a", text, "btn");
    made.href = address;
    return made;
  }

  function say(kind, text, ...actions) {
    const alert = part("div", "", `alert alert-${kind} container-xl mt-3`);
    const row = part("div", "", "bake-buttons");
    row.append(...actions);
    alert.append(part("p", text, "mb-2"), row);
    box.append(alert);
  }

  function tell(done = []) {
    box.replaceChildren();
    for (const { one, url } of done) say("success", `${one.what}, kept on this tablet at ${time(one)}, is recorded.`, link("See it", url));
    const more = document.querySelector("form[data-held]") ? [button("Fill in another", another)] : [];
    for (const one of mine()) {
      const away = button("Throw it away", () => { forget(one); tell(); });
      if (one.state === "refused") {
        say("danger", `${one.what}, kept on this tablet at ${time(one)}, was refused: ${one.told}`, link("Open the form", `${one.page}#kept=${one.id}`), away);
      } else if (one.state === "signed out") {
        say("warning", `${one.what} is kept on this tablet: you are signed out. Sign in again, and it is sent.`, link("Sign in", signIn()), away);
      } else {
        say("warning", `No connection. ${one.what} is kept on this tablet, and is sent when the connection is back.`, button("Send it now", replay), ...more, away);
      }
    }
    const others = all().filter((one) => one.user !== user).length;
    if (!user && others) say("info", `${others === 1 ? "A form waits" : `${others} forms wait`} on this tablet until whoever filled it in signs in.`);
  }

  const time = (one) => new Date(one.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const signIn = () => `${document.body.dataset.signIn}?next=${encodeURIComponent(location.pathname + location.search)}`;

  // sending what was kept ----------------------------------------------------------------------------------------------

  let isSending = false;

  async function replay() {
    if (isSending || !user || document.querySelector("form[data-busy]")) return;
    isSending = true;
    const done = [];
    try {
      for (const one of mine().filter((each) => each.state !== "refused")) {
        const answer = await send(one.action, one.fields).catch(() => null);
        if (isAway(answer)) break;
        if (!localStorage.getItem(key(one))) continue; // thrown away meanwhile, or sent by another window
        if (answer.redirected) {
          forget(one);
          done.push({ one, url: answer.url });
        } else if (answer.status === SIGN_IN) {
          keep({ ...one, state: "signed out" });
        } else {
          keep({ ...one, state: "refused", told: await reason(answer) });
        }
      }
    } finally {
      isSending = false;
    }
    if (done.length || mine().length) tell(done);
  }

  /** In words, from the page that refuses. */
  async function reason(answer) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector("#main [role=alert]");
    for (const row of said?.querySelectorAll("tr, li, h2, p") ?? []) row.append(" ");
    for (const cell of said?.querySelectorAll("td, th") ?? []) cell.append(" ");
    return said?.textContent.replace(/\s+/g, " ").trim() ?? String(answer.status);
  }

  /** A refused form, filled in again as it was. */
  function refill() {
    const id = /^#kept=([0-9a-f-]+)$/.exec(location.hash)?.[1];
    const one = mine().find((each) => each.id === id);
    const form = document.querySelector("form[data-keep]");
    if (!one || !form) return;
    const seen = new Map();
    for (const [name, value] of one.fields) {
      const found = [...form.elements].filter((element) => element.name === name);
      const choice = found.find((element) => element.type === "radio" || element.type === "checkbox");
      const at = seen.get(name) ?? 0;
      seen.set(name, at + 1);
      if (choice) found.forEach((element) => { if (element.value === value) element.checked = true; });
      else if (found[at]) found[at].value = value;
    }
    history.replaceState(null, "", one.page);
    forget(one);
  }

  refill();
  tell();
  replay();
  window.addEventListener("hashchange", () => { if (location.hash.startsWith("#kept=")) location.reload(); });
  window.addEventListener("online", replay);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) replay(); });
  setInterval(() => { if (mine().some((one) => one.state === "waiting")) replay(); }, RETRY_MS);
})();
