// A list's stage, fresh while the worker is busy with it: the API is asked, and only when something
// has changed the page's own words are fetched, so that they stand in one place.

import { send } from "./api.js";

const EVERY = 2_000;
const SELDOM = 15_000;
// Of the list itself; the receipt of its counts comes a moment later.
const FINAL = new Set(["done", "waiting", "failed"]);
let seen = "";

async function look() {
  const part = document.getElementById("tahap");
  let wait = document.hidden ? SELDOM : EVERY;
  try {
    const list = await send(part.dataset.live, { background: true });
    const now = [list.stage, list.position, list.sent, list.stored, list.receipt].join(" ");
    const signed = "signing" in part.dataset && list.receipt;
    const stale = list.stage !== part.dataset.stage || signed;
    if (seen ? now !== seen : stale) await renew(part, FINAL.has(list.stage));
    seen = now;
    if (list.stage === "failed" || list.stage === "waiting" || (list.stage === "done" && list.receipt)) return;
  } catch {
    wait = SELDOM;
  }
  setTimeout(look, wait);
}

async function renew(part, over) {
  // A list that is done may be corrected from here on, so the page is another one. While its queue
  // holds files it must stay; then only the stage is renewed.
  if (over && !document.querySelector("#queue [data-part=name]")) return location.reload();
  const response = await fetch(location.href, {
    credentials: "same-origin", headers: { Accept: "text/html", "Sipol-Background": "1" },
  });
  if (!response.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  part.replaceWith(fresh.getElementById("tahap"));
}

setTimeout(look, EVERY);
