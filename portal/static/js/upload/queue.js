// The night's queue: three files at a time, four while they are small, one ticket for all, totals for the line above.

import { States, UploadTask } from "./task.js";

const AT_ONCE = 3;
const SMALL_AT_ONCE = 4;
const SMALL = 1024 * 1024;
const ACTIVE = new Set([States.SENDING, States.CUT, States.LOGIN]);
const UNCOUNTED = new Set([States.CANCELLED, States.REFUSED, States.ELSEWHERE]);
const OVER = new Set([States.STORED, States.REFUSED, States.CANCELLED, States.ELSEWHERE]);

export class UploadQueue {
  /**
   * @param server as UploadTask's
   * @param changed called with a task, or with null when only totals changed
   */
  constructor(server, changed) {
    this.server = server;
    this.changed = changed;
    this.tasks = [];
    this.held = false;
    this.batch = Array.from(crypto.getRandomValues(new Uint8Array(8)), (b) =>
      b.toString(16).padStart(2, "0"),
    ).join("");
    addEventListener("online", () => this.nudge());
    document.addEventListener("sipol:signed-in", () => this.nudge());
    document.addEventListener("sipol:closing", () => this.nudge());
  }

  add(file, claim) {
    const task = new UploadTask(file, { ...claim, batch: this.batch }, this.server, this.changed);
    this.tasks.push(task);
    this.fill();
    return task;
  }

  remove(task) {
    this.tasks = this.tasks.filter((each) => each !== task);
    this.fill();
    this.changed(null);
  }

  fill() {
    if (this.held) return;
    const active = this.tasks.filter((task) => task.running && ACTIVE.has(task.state)).length;
    const next = this.tasks.filter((task) => !task.running && task.state === States.WAITING);
    const most = next[0]?.file.size <= SMALL ? SMALL_AT_ONCE : AT_ONCE;
    for (const task of next.slice(0, Math.max(0, most - active))) {
      task.running = true;
      task.state = States.SENDING;
      task.run().then(() => {
        this.fill();
        this.changed(task);
      });
    }
  }

  nudge() {
    for (const task of this.tasks) task.nudge();
    this.fill();
  }

  holdAll() {
    this.held = true;
    for (const task of this.tasks) task.pause();
    this.changed(null);
  }

  goOn() {
    this.held = false;
    for (const task of this.tasks) task.resume();
    this.fill();
    this.changed(null);
  }

  /** {files, done, bytes, safe, left (seconds or null), busy} over what goes or has gone. */
  totals() {
    const counted = this.tasks.filter((task) => !UNCOUNTED.has(task.state));
    const bytes = counted.reduce((sum, task) => sum + task.file.size, 0);
    const safe = counted.reduce((sum, task) => sum + task.safe, 0);
    const rate = this.tasks.reduce((sum, task) => sum + task.rate(), 0);
    return {
      files: counted.length,
      done: counted.filter((task) => task.state === States.STORED).length,
      bytes,
      safe,
      left: rate > 0 ? (bytes - safe) / rate : null,
      busy: counted.some((task) => !OVER.has(task.state)),
    };
  }
}
