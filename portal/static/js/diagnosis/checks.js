// The questions, in order; each yields [check, outcome, value] of portal/diagnosis/findings.py.

import { FILES, noise, pause, send } from "./probe.js";
import { Trial } from "./uploads.js";

const KIB = 1024;
const MIB = KIB * KIB;
const NOWHERE = `${FILES}${"0".repeat(32)}~${"0".repeat(32)}`;
const AWAY = `${FILES}periksa/tidak-ada`;
const CLOCK_SECONDS = 60;
/** How far a body is let, when a line turns out faster than it was measured: less each time. */
const SHARES = [0.5, 0.25];
const SIZES = [64 * MIB, 10 * MIB, MIB];

/** @param largest bytes of the upload that the portal grants; @param size (bytes) → text */
export async function* diagnose(largest, size) {
  yield* await reach();
  yield http();
  const trial = new Trial(largest);
  try {
    const created = yield* await begin(trial);
    if (created) {
      const passes = yield* await patch(trial, size);
      yield await override(trial);
      if (passes) {
        yield await kept(trial, size);
        yield await stream(trial);
      }
    }
  } finally {
    await trial.remove();
  }
  yield await away();
  yield await large(size);
}

async function reach() {
  let best = null;
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const answer = await send("OPTIONS", FILES);
    if (answer.status && (best === null || answer.ms < best.ms)) best = { ...answer, at: Date.now() };
  }
  if (best === null) return [["reach", "away", ""]];
  const known = best.field("Tus-Version") !== null && best.field("Tus-Resumable") !== null;
  return [
    known ? ["reach", "ok", String(Math.round(best.ms))] : ["reach", "stripped", ""],
    clock(best.field("Date"), best.at - best.ms / 2),
  ];
}

function clock(date, at) {
  const theirs = Date.parse(date ?? "");
  if (Number.isNaN(theirs)) return ["clock", "unknown", ""];
  // A Date has whole seconds: half of one is its mean.
  const seconds = Math.abs(Math.round((at - theirs - 500) / 1000));
  return ["clock", seconds > CLOCK_SECONDS ? "off" : "ok", String(seconds)];
}

function http() {
  const seen = performance.getEntriesByType("resource").filter((entry) => entry.nextHopProtocol);
  const version = seen.at(-1)?.nextHopProtocol ?? "";
  const named = { h2: "HTTP/2", h3: "HTTP/3", "http/1.1": "HTTP/1.1", "http/1.0": "HTTP/1.0" }[version];
  if (!named) return ["http", "unknown", ""];
  // Without TLS no browser speaks HTTP/2.
  const old = window.location.protocol === "https:" && version.startsWith("http/1");
  return ["http", old ? "old" : "ok", named];
}

async function* begin(trial) {
  const answer = await trial.create();
  if (trial.address) {
    yield ["create", "ok", ""];
    return true;
  }
  if (answer.field("Tus-Resumable") === null) yield ["create", "blocked", String(answer.status)];
  else if (answer.status === 503) yield ["create", "later", answer.field("Retry-After") ?? "60"];
  else if (answer.status === 401 || answer.status === 403) yield ["create", "login", ""];
  else yield ["create", "blocked", String(answer.status)];
  return false;
}

async function* patch(trial, size) {
  const answer = await trial.append(64 * KIB);
  if (answer.status !== 204) {
    yield ["patch", "blocked", String(answer.status)];
    return false;
  }
  await trial.append(trial.during(1));
  yield ["patch", "ok", `${size(trial.speed)}/s`];
  return true;
}

async function override(trial) {
  const answer = await trial.append(KIB, { method: "POST", override: true });
  return ["override", answer.status === 204 ? "ok" : "blocked", String(answer.status)];
}

/** Cut a body in the middle: a part of it is there, or nothing; all of it was too late to tell. */
async function kept(trial, size) {
  for (const share of SHARES) {
    const before = trial.offset;
    const amount = trial.during(2);
    const answer = await trial.append(amount, { after: time(amount * share, trial) });
    await pause(300);
    const there = await trial.look();
    if (there === null) break;
    trial.offset = there;
    if (there > before && there < before + amount) return ["kept", "ok", size(there - before)];
    if (there === before && answer.cut && answer.sent > 0) return ["kept", "lost", ""];
  }
  return ["kept", "unknown", ""];
}

/** Look while a body is on its way: the server has it as it comes, or not before its end. */
async function stream(trial) {
  for (const share of SHARES) {
    const before = trial.offset;
    const amount = trial.during(2);
    const sending = trial.append(amount);
    await pause(time(amount * share, trial));
    const there = await trial.look();
    await sending;
    if (there === null) break;
    trial.offset = (await trial.look()) ?? there;
    if (there < before + amount) return ["stream", there > before ? "ok" : "held", ""];
  }
  return ["stream", "unknown", ""];
}

async function away() {
  const answer = await send("HEAD", AWAY);
  if (answer.status === 423) return ["away", "ok", ""];
  if (answer.status === 404) return ["away", "unknown", ""];
  return ["away", "changed", String(answer.status)];
}

/** A proxy with a limit says 413 to the length alone; our server says 404 to the address. */
async function large(size) {
  const block = noise(MIB);
  let limited = null;
  for (const bytes of SIZES) {
    const body = new Blob(Array.from({ length: bytes / MIB }, () => block));
    const headers = { "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream" };
    const answer = await send("PATCH", NOWHERE, { headers, body, after: 3000 });
    if (answer.status === 413) limited = bytes;
    else if (limited !== null) break;
    else if (answer.status === 404) return ["large", "ok", size(bytes)];
    else return ["large", answer.cut ? "quiet" : "unknown", size(bytes)];
  }
  return ["large", "limited", size(limited)];
}

/** Milliseconds in which so many bytes go out on this line. */
function time(bytes, trial) {
  return Math.max(10, (bytes / Math.max(trial.speed, 1)) * 1000);
}
