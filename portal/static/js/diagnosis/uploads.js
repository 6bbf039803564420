// The small upload a diagnosis works on: a part that nobody joins, deleted at the end or gone in minutes.

import { FILES, noise, pause, send } from "./probe.js";

const KIB = 1024;
const TRIES = 8;
const OCTETS = "application/offset+octet-stream";

export class Trial {
  /** @param length in bytes; a little of it is never sent, so that the upload never is complete */
  constructor(length) {
    this.length = length;
    this.offset = 0;
    this.address = null;
    this.speed = 0;
  }

  /** Create it; the answer. */
  async create() {
    const answer = await send("POST", FILES, {
      headers: {
        "Upload-Length": String(this.length),
        "Upload-Concat": "partial",
        "Upload-Metadata": `purpose ${btoa("diagnosis")}`,
      },
    });
    const location = answer.field("Location");
    if (answer.status === 201 && location) this.address = new URL(location, window.location.href).pathname;
    return answer;
  }

  /** Send `size` bytes at the offset; `after`: cut after so many milliseconds. */
  async append(size, { method = "PATCH", override = false, after = null } = {}) {
    const headers = { "Upload-Offset": String(this.offset), "Content-Type": OCTETS };
    if (override) headers["X-HTTP-Method-Override"] = "PATCH";
    const answer = await send(method, this.address, { headers, body: noise(size), after });
    if (answer.status === 204) {
      this.offset = Number(answer.field("Upload-Offset"));
      this.speed = Math.max(this.speed, size / (answer.ms / 1000));
    }
    return answer;
  }

  /** What the server has; null when it does not say. Waits for an upload that is still being let go. */
  async look() {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const answer = await send("HEAD", this.address);
      if (answer.status === 200) return Number(answer.field("Upload-Offset"));
      if (answer.status !== 423) return null;
      await pause(500);
    }
    return null;
  }

  /** How many bytes take about `seconds` on this line, within what is left of the upload. */
  during(seconds) {
    const left = this.length - this.offset - KIB;
    return Math.max(0, Math.min(left, 3 * KIB * KIB, Math.max(128 * KIB, Math.round(this.speed * seconds))));
  }

  async remove() {
    if (this.address) await send("DELETE", this.address);
  }
}
