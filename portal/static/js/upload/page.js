// The queue on a page: files in, rows out, one line above that says what is safe.
//
// The browser keeps no name and no key. What was left unfinished stands on the portal and is found again
// by the fingerprint of the same file; only of large ones unheard.js knows what they became.

import { carried, codesIn, isPicture, pictures, Places, requirementIn } from "./claim.js";
import { askEarly } from "./early.js";
import { fingerprint } from "./fingerprint.js";
import { UploadQueue } from "./queue.js";
import { Row } from "./row.js";
import { Server } from "./server.js";
import { States } from "./task.js";
import { duration, fill, number, size } from "./words.js";

const PAINT_EVERY = 400;
const ASK_EVERY = 3_000;
const ASK_SELDOM = 20_000;

const panel = document.getElementById("queue");
const config = JSON.parse(panel.dataset.config);
config.requirements = Object.fromEntries(config.requirements.map((row) => [row.code, row]));
const { words } = config;
const at = (name) => panel.querySelector(`[data-queue="${name}"]`);
const server = new Server(config.vendor);
const places = new Places(config.regions);
const rows = new Map();
const dirty = new Set();
const asking = new Set();
const unsettled = new Map();
let painting = null;
let polls = 0;

const queue = new UploadQueue(server, (task) => {
  if (task) dirty.add(task);
  painting ??= setTimeout(paint, PAINT_EVERY);
});

function paint() {
  painting = null;
  for (const task of dirty) {
    const row = rows.get(task);
    if (!row) continue;
    if (task.state === States.STORED) settle(task, row);
    else row.show(task);
    if (!row.files) announce(task);
    // Taken up again: it is no longer something left over.
    if (task.id) document.querySelector(`[data-unfinished="${task.id}"]`)?.remove();
  }
  dirty.clear();
  line();
}

const said = new Map();
let wanted = null;

// Told once for each change that matters, never for progress.
function announce(task) {
  if (said.get(task) === task.state) return;
  said.set(task, task.state);
  const { files, done, busy } = queue.totals();
  const values = { name: task.file.name, done: number(done), files: number(files) };
  const sentence = {
    [States.STORED]: busy ? words.stored_said : words.done_said,
    [States.CUT]: words.cut_said,
    [States.REFUSED]: words.refused_said,
  }[task.state];
  if (sentence) at("said").textContent = fill(sentence, values);
}

function line() {
  const { files, done, bytes, safe, left, busy } = queue.totals();
  const refused = queue.tasks.filter((task) => task.state === States.REFUSED).length;
  const values = { n: number(Math.min(files, done + 1)), files: number(files), done: number(done), safe: size(safe), bytes: size(bytes) };
  const parts = [];
  if (files) parts.push(fill(busy ? words.total : done === files ? words.all : words.some, values));
  if (busy && left !== null) parts.push(fill(words.left, { time: duration(left, words) }));
  if (asking.size) parts.push(fill(words.ask_some, { n: number(asking.size) }));
  if (refused) parts.push(fill(words.refused_some, { n: number(refused) }));
  at("line").textContent = parts.join(" · ");
  at("hold").hidden = !busy;
  at("hold").textContent = queue.held ? words.go_on_all : words.pause_all;
}

// After storing: the portal is asked in one question for all of them, until nothing more will change.
function settle(task, row) {
  if (unsettled.has(task.id) || task.settled) return;
  row.stored(new Date());
  task.settled = true;
  if (!task.id) return;
  unsettled.set(task.id, row);
  if (config.replaces) server.replace(config.replaces, words.replace_reason).then(
    () => (row.parts.replaced.textContent = words.replaced), () => {});
  if (unsettled.size === 1) setTimeout(ask, 800);
}

async function ask() {
  if (!unsettled.size) return (polls = 0);
  polls += 1;
  try {
    for (const known of await server.states(config.states, [...unsettled.keys()])) {
      const row = unsettled.get(known.id);
      row.told(known);
      if (known.settled) unsettled.delete(known.id);
      else unsettled.set(known.id, (unsettled.delete(known.id), row));  // the others' turn first
    }
  } catch {
    // The line or the login: the rows say what is stored, and the next question comes anyway.
  }
  setTimeout(ask, polls > 40 || document.hidden ? ASK_SELDOM : ASK_EVERY);
}

/** `claim`: what an unfinished upload was for; its file may have any name. */
async function take(files, claim = null) {
  // Each has its row at once: the line may be away before the second is asked about.
  const made = files.map((file) => newRow(file));
  for (const row of made) {
    const known = claim ?? (await leftOver(row.file));
    if (known) start(row.file, row, known.requirement, known.region);
    else await direct(row.file, row);
  }
  line();
}

function newRow(file) {
  const row = new Row(at("row"), file, config);
  at("rows").append(row.root);
  row.note(words.preparing);
  return row;
}

/** A folder of scans, or many pictures at once: one claim and one row for all of them. */
async function takeFolder(files) {
  const folder = (files[0]?.webkitRelativePath ?? "").split("/")[0];
  const kept = pictures(files);
  const bytes = kept.reduce((sum, file) => sum + file.size, 0);
  const row = newRow({ name: folder || words.group_name, size: bytes });
  if (!kept.length) return row.note(words.group_empty, true);
  const { Group } = await carried(() => import("./group.js"), () => row.away());
  row.group = new Group(row, kept, files.length - kept.length, words);
  const scans = Object.values(config.requirements).filter((each) => each.purpose === "scans");
  const requirement = config.requirement ?? (scans.length === 1 ? scans[0].code : null);
  const region = requirement && (await regionOf(requirement, folder, row));
  if (region) start(row.file, row, requirement, region);
  else askFor(row.file, row, requirement);
  line();
}

const MANY = 10;

/** Pictures in numbers are scans; the rest goes its own way. ZIP archives of a folder do, too. */
function sort(files, claim = null) {
  const images = claim || !config.scans ? [] : files.filter(isPicture);
  if (images.length < MANY) return take(files, claim);
  takeFolder(images);
  return take(files.filter((file) => !images.includes(file)));
}

/** What the unfinished upload of this very file was for: its name need not tell, and is not asked again. */
async function leftOver(file) {
  for (const { dataset } of document.querySelectorAll("[data-again]")) {
    const { mark, length, requirement, region } = JSON.parse(dataset.again);
    const purpose = config.requirements[requirement]?.purpose;
    if (config.requirement || !purpose || length !== file.size) continue;
    try {
      const claim = { purpose, requirement, region: region.code };
      if ((await fingerprint(file, claim)) === mark) return { requirement, region };
    } catch {
      return null;  // a file that cannot be read says so in its own row
    }
  }
  return null;
}

/** Give a file its claim from page and name; what they do not tell is asked in its row. */
async function direct(file, row) {
  const requirement = config.requirement ?? requirementIn(file.name, config);
  let region = null;
  if (requirement) region = await regionOf(requirement, file.name, row);
  if (requirement && region) return start(file, row, requirement, region);
  askFor(file, row, requirement);
}

async function regionOf(requirement, name, row) {
  const { level } = config.requirements[requirement];
  if (config.region) return { code: config.region, name: config.regionName };
  if (level === "national") return { code: "ID", name: "" };
  const codes = codesIn(name, level);
  const found = await carried(() => places.first(requirement, codes), () => row.away());
  return found && { ...found, read: true };
}

function start(file, row, requirement, region) {
  const { name, purpose } = config.requirements[requirement];
  const where = region.name ? `${region.name} (${region.code})` : "";
  row.place([name, where, region.read ? words.from_name : ""].filter(Boolean).join(" · "));
  row.parts.ask.hidden = true;
  asking.delete(row);
  const claim = {
    purpose, requirement, region: region.code, election: config.election, corrects: config.corrects,
  };
  if (row.group) {
    const { group } = row;
    group.start(group.files.map((each) => queue.add(each, claim)));
    for (const task of group.tasks) rows.set(task, group);
    return line();
  }
  const task = queue.add(file, claim);
  rows.set(task, row);
  row.parts.pause.addEventListener("click", () =>
    task.state === States.PAUSED ? task.resume() : task.pause());
  row.parts.cancel.addEventListener("click", async () => {
    if (!(await task.cancel())) row.note(words.drop_failed);
  });
  queue.changed(task);
}

async function askFor(file, row, requirement) {
  asking.add(row);
  const { askIn } = await carried(() => import("./ask.js"), () => row.away());
  const begin = (named, region) => start(file, row, named, region);
  askIn(row, requirement, { config, places, chosen, start: begin }, () => {
    asking.delete(row);
    row.root.remove();
    line();
  });
}

async function chosen(requirement, text) {
  const { level } = config.requirements[requirement];
  if (config.region || level === "national") return regionOf(requirement);
  const given = text.trim();
  const byCode = await places.first(requirement, codesIn(given, level));
  if (byCode || given.length < 2) return byCode;
  const found = await places.matching(requirement, given);
  return found.length === 1 ? { code: found[0][0], name: found[0][1] } : null;
}

function choose(claim) {
  wanted = claim;
  at("files").click();
}

at("choose").addEventListener("click", () => choose(null));
for (const again of document.querySelectorAll("[data-again]")) {
  again.hidden = false;
  server.left.add(JSON.parse(again.dataset.again).mark);
  again.addEventListener("click", () => choose(JSON.parse(again.dataset.again)));
}
at("files").addEventListener("change", (event) => {
  sort([...event.target.files], wanted);
  event.target.value = "";
  wanted = null;
});
at("chooseFolder")?.addEventListener("click", () =>
  at("webkitdirectory" in at("folder") ? "folder" : "files").click());
at("folder")?.addEventListener("change", (event) => {
  const files = [...event.target.files];
  const archives = files.filter((file) => /\.zip$/i.test(file.name));
  const others = files.filter((file) => !archives.includes(file));
  if (others.length || !archives.length) takeFolder(others);
  take(archives);
  event.target.value = "";
});
at("hold").addEventListener("click", () => (queue.held ? queue.goOn() : queue.holdAll()));

addEventListener("dragover", (event) => {
  event.preventDefault();
  panel.classList.add("app-queue--over");
});
addEventListener("dragleave", () => panel.classList.remove("app-queue--over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  panel.classList.remove("app-queue--over");
  if (!at("choose").disabled) sort([...event.dataTransfer.files]);
});
addEventListener("beforeunload", (event) => {
  if (queue.totals().busy) event.preventDefault();
});

for (const button of document.querySelectorAll("[data-drop-upload]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const row = button.closest("[data-unfinished]");
    try {
      await server.drop(button.dataset.dropUpload);
      row.remove();
    } catch {
      button.disabled = false;
      row.querySelector("[data-wrong]").textContent = words.drop_failed;
    }
  });
}

if (!window.isSecureContext || !navigator.locks) {
  at("line").textContent = words.insecure;
  at("choose").disabled = true;
}
askEarly(rows, server, (task) => queue.changed(task));
panel.hidden = false;
