// `/periksa-jalur`: asks the questions of checks.js and says what came out, in the words of the page.

import { diagnose } from "./checks.js";

const root = document.getElementById("diagnosis");
const words = root.dataset;
const { checks, summary, largest } = JSON.parse(words.page);
const part = (name) => root.querySelector(`[data-${name}]`);
const results = part("results");
const TITLES = Object.keys(checks);

const size = (bytes) => {
  const kilo = bytes / 1024;
  const [value, unit] = kilo < 1000 ? [kilo, "KB"] : [kilo / 1024, "MB"];
  return `${value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
};

const element = (tag, name, text) => {
  const made = document.createElement(tag);
  made.className = name;
  made.textContent = text;
  return made;
};

function show([name, outcome, value]) {
  const found = checks[name].outcomes[outcome];
  const what = found.what.replace("{value}", value);
  const own = found.own.replace("{value}", value);
  const item = element("li", `app-line__check app-line__check--${found.weight}`, "");
  item.dataset.check = name;
  item.dataset.outcome = outcome;
  const mark = element("span", "app-line__mark", found.mark);
  mark.setAttribute("aria-hidden", "true");
  const title = element("p", "govuk-body", "");
  title.append(element("strong", "", checks[name].title), " ", element("span", "app-line__word", `(${found.word})`));
  item.append(mark, title, element("p", "govuk-body", what));
  if (own) item.append(advice(words.own, own));
  if (found.network) item.append(advice(words.network, found.network));
  results.append(item);
  const lines = [`${found.mark} ${checks[name].title} (${found.word}): ${what}`];
  if (own) lines.push(`    ${words.own} ${own}`);
  if (found.network) lines.push(`    ${words.network} ${found.network}`);
  return { weight: found.weight, text: lines.join("\n") };
}

function advice(label, text) {
  const line = element("p", "govuk-body app-line__advice", "");
  line.append(element("strong", "", label), ` ${text}`);
  return line;
}

function verdict(weights) {
  const blocked = weights.filter((weight) => weight === "blocked").length;
  if (blocked) return summary.blocked.replace("{value}", String(blocked));
  return weights.includes("unknown") ? summary.unknown : summary.fine;
}

async function run(button) {
  button.disabled = true;
  results.replaceChildren();
  part("report").hidden = true;
  const told = [];
  const next = () => {
    const title = checks[TITLES[Math.min(told.length, TITLES.length - 1)]].title;
    part("summary").textContent = words.running.replace("{title}", title);
  };
  next();
  for await (const found of diagnose(largest, size)) {
    told.push(show(found));
    next();
  }
  const said = verdict(told.map((each) => each.weight));
  part("summary").textContent = said;
  const head = `${document.title} · ${window.location.host} · ${new Date().toISOString()}`;
  part("text").value = [head, said, ...told.map((each) => each.text)].join("\n");
  part("report").hidden = false;
  button.disabled = false;
}

async function copy() {
  const text = part("text");
  try {
    await navigator.clipboard.writeText(text.value);
    part("copied-note").textContent = words.copied;
  } catch {
    text.select();
    part("copied-note").textContent = words.select;
  }
}

part("start").addEventListener("click", (event) => run(event.currentTarget));
part("copy").addEventListener("click", copy);
root.hidden = false;
