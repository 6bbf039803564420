// What a file's name does not tell is asked in its row: which requirement, and which region.

import { beyondIn, carried, codesIn } from "./claim.js";
import { clock, fill } from "./words.js";

const SEARCH_AFTER = 300;

/**
 * Show the form in a row. `chosen(requirement, text)` resolves to a region or null; `start(requirement,
 * region)` is called once both are known; `dropped` when the file is not wanted after all.
 */
export function askIn(row, requirement, { config, places, chosen, start }, dropped) {
  const { words } = config;
  const { ask, askRequirement, askRegion, matches, go, drop, wrong } = row.parts;
  const id = `ask-${Math.random().toString(36).slice(2)}`;
  for (const [part, name] of [[askRequirement, "requirement"], [askRegion, "region"]]) {
    part.id = `${id}-${name}`;
    ask.querySelector(`label[data-for="${name}"]`).htmlFor = part.id;
  }
  matches.id = `${id}-matches`;
  askRegion.setAttribute("list", matches.id);
  wrong.id = `${id}-wrong`;
  askRegion.setAttribute("aria-describedby", wrong.id);
  for (const [code, { name }] of Object.entries(config.requirements)) {
    askRequirement.add(new Option(name, code, false, code === requirement));
  }
  row.parts.whichRequirement.hidden = Boolean(config.requirement);
  row.tag("none");
  const far = !requirement && beyondIn(row.file.name, config);
  row.note(far ? fill(words.beyond, { name: far }) : requirement ? words.ask_region : words.ask_both, far);
  const away = () => (wrong.textContent = fill(words.cut_short, { at: clock(new Date()) }));
  row.parts.bar.hidden = row.parts.pause.hidden = row.parts.cancel.hidden = true;
  ask.hidden = false;
  const level = () => config.requirements[askRequirement.value]?.level;
  let ours = "";
  // The name tells the region, or who works in one of the level alone: nothing to write then.
  const fit = async () => {
    const fixed = level() === "national" || Boolean(config.region);
    row.parts.whichRegion.hidden = fixed;
    wrong.textContent = "";
    if (fixed || !level() || askRegion.value !== ours) return;
    const { value } = askRequirement;
    const codes = codesIn(row.file.name, level());
    const named = codes.length && (await places.first(value, codes).catch(() => undefined));
    const found = codes.length
      ? [named].filter(Boolean).map(({ code, name }) => [code, name])
      : await places.matching(value, "").catch(() => []);
    if (askRequirement.value !== value || askRegion.value !== ours) return;
    if (named === null) wrong.textContent = words.no_region;
    askRegion.value = ours = found.length === 1 ? found[0].join(" ") : "";
  };
  askRequirement.addEventListener("change", fit);
  fit();
  let waiting = null;
  askRegion.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => suggest(places, askRequirement.value, askRegion.value, matches), SEARCH_AFTER);
  });
  go.addEventListener("click", async () => {
    const named = askRequirement.value;
    wrong.textContent = named ? "" : words.no_requirement;
    if (!named) return;
    go.disabled = true;
    const region = await carried(() => chosen(named, askRegion.value), away);
    go.disabled = false;
    if (!row.root.isConnected) return;
    if (!region) {
      wrong.textContent = words.no_region;
      askRegion.focus();
      return;
    }
    start(named, region);
  });
  drop.addEventListener("click", dropped);
}

async function suggest(places, requirement, text, matches) {
  if (!requirement || text.trim().length < 2) return;
  const found = await places.matching(requirement, text.trim()).catch(() => []);
  matches.replaceChildren(...found.map(([code, name]) => new Option(name, `${code} ${name}`)));
}
