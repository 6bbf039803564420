// The image on the desk: which one, how large, which way up, how dark.
//
// What the reviewer likes is remembered under his account's id: a number, nothing about anybody.

import { account } from "./api.js";

const STEPS = [1, 1.4, 2, 2.8, 4];
const SHARP_FROM = 1.4;  // from here on a document's page is loaded in its larger size
const DRAWN_AFTER = 2000;  // milliseconds until a picture that is being drawn is asked for again
const LONGEST = 60;  // times; what then is not there is shown by its name
const PLACE = `sipol.desk.${account()}`;

export const likes = {
  read() {
    try { return JSON.parse(localStorage.getItem(PLACE)) ?? {}; } catch { return {}; }
  },
  write(change) {
    try { localStorage.setItem(PLACE, JSON.stringify({ ...likes.read(), ...change })); } catch { /* a private window */ }
  },
};

/** Asks again for a picture that is not drawn yet; `waits` is told whether it is waited for. */
function patiently(image, waits = () => {}) {
  let asked = 0;
  let due;
  image.addEventListener("load", () => { asked = 0; waits(false); });
  image.addEventListener("error", () => {
    clearTimeout(due);
    const wanted = image.getAttribute("src");
    const again = asked++ < LONGEST && image.isConnected;
    waits(again);
    if (again) due = setTimeout(() => { if (image.getAttribute("src") === wanted) image.src = wanted; }, DRAWN_AFTER);
  });
  // It may have failed before anybody listened.
  if (image.complete && !image.naturalWidth && image.loading !== "lazy") image.dispatchEvent(new Event("error"));
}

/** The viewer of the item in `desk`; a new one for each item. */
export function view(desk) {
  const frame = desk.querySelector(".desk-frame");
  const tools = desk.querySelector(".desk-tools");
  const tabs = [...desk.querySelectorAll(".desk-tab")];
  if (!frame) return { press: () => false };
  const image = frame.querySelector("img");
  let step = 0;
  let turn = 0;

  function draw() {
    const plain = step === 0 && turn === 0;
    frame.classList.toggle("desk-frame--tuned", !plain);
    if (plain || !image.naturalWidth) {
      image.removeAttribute("style");
      return;
    }
    const lying = turn % 2 === 1;
    const [wide, high] = lying ? [image.naturalHeight, image.naturalWidth] : [image.naturalWidth, image.naturalHeight];
    // A card is seen whole; a page is read, so it fills the width and is scrolled.
    const limit = frame.classList.contains("desk-frame--card") ? frame.clientHeight / high : Infinity;
    const fit = Math.min(frame.clientWidth / wide, limit, 1) * STEPS[step];
    const [w, h] = [image.naturalWidth * fit, image.naturalHeight * fit];
    // Turned in place, then moved so that nothing of it lies left of or above the scrolled box.
    const side = lying ? (w - h) / 2 : 0;
    Object.assign(image.style, { width: `${w}px`, height: `${h}px`, transform: `rotate(${turn * 90}deg)`,
      margin: lying ? `${side}px auto ${side}px ${Math.max(-side, (frame.clientWidth - w) / 2)}px` : "auto" });
  }

  function source(tab) {
    return tab.dataset.zoom && STEPS[step] >= SHARP_FROM ? `${tab.dataset.src}?size=zoom` : tab.dataset.src;
  }

  function load(tab) {
    const wanted = source(tab);
    if (image.getAttribute("src") === wanted) return draw();
    frame.scrollTo(0, 0);
    // A page that needs no larger size has none.
    image.onerror = wanted.includes("?") ? () => { image.onerror = null; image.src = tab.dataset.src; } : null;
    image.src = wanted;
  }

  function current() {
    return tabs.find((tab) => tab.hasAttribute("aria-current")) ?? tabs[0];
  }

  function choose(tab) {
    for (const each of tabs) each.toggleAttribute("aria-current", false);
    tab.setAttribute("aria-current", "true");
    tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    image.alt = image.alt.replace(/:.*/, `: ${tab.dataset.name}`);
    step = turn = 0;
    load(tab);
  }

  function contrast(on) {
    frame.classList.toggle("desk-frame--contrast", on);
    tools.querySelector("[data-tool=k]").setAttribute("aria-pressed", String(on));
  }

  function tool(name) {
    if (name === "+") step = Math.min(step + 1, STEPS.length - 1);
    else if (name === "-") step = Math.max(step - 1, 0);
    else if (name === "r") turn = (turn + 1) % 4;
    else if (name === "k") {
      const on = !frame.classList.contains("desk-frame--contrast");
      contrast(on);
      likes.write({ contrast: on });
      return;
    }
    load(current());
  }

  const waiting = desk.querySelector(".desk-wait");
  patiently(image, (waits) => { waiting.hidden = !waits; });
  for (const thumb of desk.querySelectorAll(".desk-tab img")) patiently(thumb);
  image.addEventListener("load", draw);
  for (const tab of tabs) tab.addEventListener("click", (event) => { event.preventDefault(); choose(tab); });
  tools.hidden = false;
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("[data-tool]");
    if (button) tool(button.dataset.tool);
  });
  contrast(likes.read().contrast === true);

  return {
    /** Does what a key means for the image; whether it meant anything. */
    press(key) {
      if (key === "ArrowRight" || key === "ArrowLeft") {
        const next = tabs[tabs.indexOf(current()) + (key === "ArrowRight" ? 1 : -1)];
        if (next) choose(next);
        return Boolean(next);
      }
      if (key === "PageDown" || key === "PageUp") {
        frame.scrollBy({ top: (key === "PageDown" ? 0.8 : -0.8) * frame.clientHeight });
        return true;
      }
      const name = { "+": "+", "=": "+", "-": "-", r: "r", k: "k" }[key];
      if (name) tool(name);
      return Boolean(name);
    },
  };
}
