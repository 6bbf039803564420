// A folder of scans: one row for all of its pictures, however many there are. Only pictures in trouble
// get a line of their own, and of those a bounded number.

import { States } from "./task.js";
import { clock, fill, number, size } from "./words.js";

const TWICE = "file.duplicate";
const MOST_NAMED = 20;
const OVER = new Set([States.STORED, States.REFUSED, States.CANCELLED, States.ELSEWHERE]);
const WAITING = new Set([States.CUT, States.LOGIN, States.PAUSED]);

export class Group {
  /** @param row its Row; @param files pictures; @param skipped how many others lay beside them */
  constructor(row, files, skipped, words) {
    Object.assign(this, { row, files, skipped, words });
    this.tasks = [];
    this.judged = new Map();
    this.painting = false;
    this.parts = row.parts;
    this.named = document.createElement("ul");
    this.named.className = "app-upload__note app-upload__note--wrong";
    row.root.append(this.named);
  }

  start(tasks) {
    this.tasks = tasks;
    this.parts.bar.hidden = this.parts.cancel.hidden = false;
    this.parts.cancel.addEventListener("click", () => {
      for (const task of this.tasks) if (!OVER.has(task.state)) task.cancel();
    });
    this.show();
  }

  /** Something of one of them has changed: written once for all that change together. */
  show() {
    if (this.painting) return;
    this.painting = true;
    queueMicrotask(() => {
      this.painting = false;
      this.paint();
    });
  }

  stored() {
    this.show();
  }

  /** What the portal says of a picture that has arrived. */
  told(known) {
    this.judged.set(known.id, known);
    this.show();
  }

  paint() {
    const { words, row, tasks } = this;
    const counted = tasks.filter((task) => task.state !== States.CANCELLED);
    const done = counted.filter((task) => task.state === States.STORED).length;
    const refused = counted.filter((task) => task.state === States.REFUSED);
    const cut = counted.find((task) => task.state === States.CUT);
    const over = counted.every((task) => OVER.has(task.state));
    const bytes = counted.reduce((sum, task) => sum + task.file.size, 0);
    const safe = counted.reduce((sum, task) => sum + task.safe, 0);
    const percent = bytes ? Math.floor((100 * safe) / bytes) : 0;
    const judged = [...this.judged.values()];
    const passed = judged.filter((known) => known.state === "passed").length;
    // Sent twice, by hand or by the browser itself when the line broke: nothing is wrong with it.
    const twice = judged.filter((known) => known.code === TWICE).length;
    const wrong = judged.filter((known) => known.state === "rejected" && known.code !== TWICE);
    const stands = counted.some((task) => WAITING.has(task.state));
    if (over) row.tag(passed + twice === done && done ? "passed" : done ? "received" : "none");
    else row.tag(stands ? "interrupted" : "uploading", stands ? "" : ` ${percent} %`);
    this.parts.bar.hidden = this.parts.cancel.hidden = over;
    this.parts.bar.value = percent;
    const values = { done: number(done), files: number(counted.length), safe: size(safe), bytes: size(bytes) };
    row.note([
      fill(words.group, values),
      passed ? fill(words.group_passed, { n: number(passed) }) : "",
      wrong.length + refused.length ? fill(words.group_wrong, { n: number(wrong.length + refused.length) }) : "",
      twice ? fill(words.group_twice, { n: number(twice) }) : "",
      this.skipped ? fill(words.group_skipped, { n: number(this.skipped) }) : "",
      cut ? fill(words.cut_short, { at: clock(cut.cutAt) }) : "",
    ].filter(Boolean).join(" · "));
    this.parts.list.hidden = !done;
    this.parts.list.textContent = words.group_pairs;
    this.parts.list.href = row.config.cards;
    this.name(refused.map((task) => [task.file.name, row.refusal(task.problem, values)]), wrong);
  }

  name(refused, wrong) {
    const files = new Map(this.tasks.map((task) => [task.id, task.file.name]));
    const lines = [...refused, ...wrong.map((known) => [files.get(known.id), known.reason])];
    const items = lines.slice(0, MOST_NAMED).map(([name, why]) => {
      const item = document.createElement("li");
      item.textContent = `${name}: ${why}`;
      return item;
    });
    this.named.replaceChildren(...items);
  }
}
