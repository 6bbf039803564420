// The desk: one item after the other by keys, each swapped in place of the last.
//
// The page's own forms are what is sent, so that the desk works the same without this script. A verdict
// whose answer was lost can be sent again: the portal knows it.

import { Problem, send } from "./api.js";
import { likes, view } from "./desk-view.js";

const BEAT_EVERY = 60_000;
const USED_WITHIN = 4 * 60_000;
// What the portal says about an item that one believed to hold: taken away, taken over, decided.
const LOST = new Set(["lease_lost", "not_allowed_now", "stale"]);

const root = document.getElementById("desk");
const said = document.getElementById("desk-said");
const trouble = document.getElementById("desk-trouble");
const keys = document.getElementById("desk-keys");
let desk = null;
let image = null;
let busy = false;
let used = Date.now();
let beaten = Date.now();
let ends = null;
let beating = false;

function show() {
  desk = root.querySelector(".desk");
  image = view(desk);
  ends = desk.dataset.left === undefined ? null : performance.now() + Number(desk.dataset.left) * 1000;
  beaten = Date.now();
  trouble.hidden = true;
  const help = document.getElementById("desk-help");
  help.hidden = false;
  help.addEventListener("click", openKeys);
  tick();
}

function complain(title, text) {
  trouble.querySelector("strong").textContent = title;
  trouble.querySelector("span").textContent = text;
  trouble.hidden = false;
}

function lose() {
  if (ends === null) return;
  ends = null;
  desk.classList.add("desk--lost");
  document.getElementById("desk-left")?.replaceChildren();
  const again = desk.querySelector(".desk-again");
  again.hidden = false;
  // Whoever is writing a note goes on writing.
  if (!document.activeElement?.closest("textarea")) again.querySelector("button").focus();
  complain(root.dataset.lost, root.dataset.lostText);
}

function failed(error) {
  if (!(error instanceof Problem)) throw error;
  if (LOST.has(error.code) && ends !== null) lose();
  else if (error.status === 0) complain(root.dataset.offline, root.dataset.offlineText);
  else complain(error.message, "");
}

async function submit(form, button) {
  if (busy) return;
  busy = true;
  desk.classList.add("desk--busy");
  const body = Object.fromEntries(new FormData(form, button));
  delete body.csrf_token;
  try {
    const next = await send(form.getAttribute("action"), { method: "POST", body });
    if (next.html === null) {
      location.assign(next.address);
      return;
    }
    root.innerHTML = next.html;
    history.replaceState(null, "", next.address);
    show();
    const title = desk.querySelector(".desk-title");
    title.focus({ preventScroll: true });
    said.textContent = `${next.said} ${title.textContent.trim()}`;
  } catch (error) {
    failed(error);
  } finally {
    busy = false;
    desk.classList.remove("desk--busy");
  }
}

root.addEventListener("submit", (event) => {
  event.preventDefault();
  choose(event.target, event.submitter);
});

function choose(form, button) {
  const note = form.elements.note;
  if (button?.dataset.needsNote && note.value.trim() === "") {
    note.required = true;
    note.reportValidity();
    note.focus();
    return;
  }
  submit(form, button);
}

// Keys: single letters, never inside a field, and the reviewer may switch them off (WCAG 2.1.4).

const open = () => desk.querySelector(".desk-choice[open]");

function press(key) {
  const panel = open();
  if (key === "escape" && panel) {
    panel.open = false;
    panel.querySelector("summary").focus();
    return true;
  }
  if (panel && /^[1-9]$/.test(key)) {
    const reason = panel.querySelector(`[data-digit="${key}"]`);
    if (reason) choose(reason.form, reason);
    return Boolean(reason);
  }
  const choice = desk.querySelector(`[data-choice="${key}"]`);
  if (choice) {
    for (const each of desk.querySelectorAll(".desk-choice")) each.open = each === choice && !choice.open;
    const field = choice.querySelector("[required]");
    if (choice.open) (field ?? choice.querySelector("summary")).focus();
    return true;
  }
  const button = desk.querySelector(`[data-key="${key}"]`);
  if (button) {
    choose(button.form, button);
    return true;
  }
  return image.press(key);
}

document.addEventListener("keydown", (event) => {
  used = Date.now();
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat && /^[a-z1-9]$/i.test(event.key)) return;
  if (document.querySelector("dialog[open]")) return;
  const field = event.target.closest("input, textarea, select, [contenteditable]");
  if (field) {
    if (event.key === "Escape") press("escape");
    return;
  }
  if (likes.read().keys === false) return;
  if (event.target.closest(".desk-frame") && event.key.startsWith("Arrow")) return;
  if (event.key === "?") {
    event.preventDefault();
    openKeys();
  } else if (press(event.key.length === 1 || event.key === "Escape" ? event.key.toLowerCase() : event.key)) {
    event.preventDefault();
  }
});

function openKeys() {
  label();
  keys.showModal();
}

function label() {
  document.getElementById("desk-keys-switch").textContent =
    likes.read().keys === false ? root.dataset.keysOff : root.dataset.keysOn;
}

document.getElementById("desk-keys-close").addEventListener("click", () => keys.close());
document.getElementById("desk-keys-switch").addEventListener("click", () => {
  likes.write({ keys: likes.read().keys === false });
  label();
});

// The lease: minutes left in words, held on to while the page is seen and used.

function tick() {
  if (ends === null) return;
  const seconds = (ends - performance.now()) / 1000;
  if (seconds <= 0) return lose();
  const left = document.getElementById("desk-left");
  const words = seconds < 60 ? root.dataset.short : root.dataset.minutes.replace("{minutes}", Math.floor(seconds / 60));
  if (left && left.textContent !== words) left.textContent = words;
}

async function beat() {
  tick();
  const now = Date.now();
  if (ends === null || busy || beating || document.visibilityState !== "visible") return;
  if (now - used > USED_WITHIN || now - beaten < BEAT_EVERY) return;
  beating = true;
  const mine = desk;
  try {
    const held = await send(mine.dataset.hold, { method: "POST", body: {} });
    if (mine === desk && ends !== null) ends = performance.now() + held.seconds * 1000;
    beaten = Date.now();
  } catch (error) {
    // No line for a moment is no reason to disturb: the lease lasts longer than that.
    if (mine === desk && error.code === "lease_lost") lose();
  } finally {
    beating = false;
  }
}

for (const kind of ["pointerdown", "pointermove", "wheel"]) {
  document.addEventListener(kind, () => { used = Date.now(); }, { passive: true });
}
setInterval(beat, 5_000);
document.addEventListener("visibilitychange", beat);
show();
