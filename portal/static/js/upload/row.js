// One file's line: built once from the page's <template>, then only what changed is written.

import { States } from "./task.js";
import { clock, duration, fill, number, size } from "./words.js";

const TAGS = {
  [States.WAITING]: "none",
  [States.SENDING]: "uploading",
  [States.CUT]: "interrupted",
  [States.PAUSED]: "interrupted",
  [States.LOGIN]: "interrupted",
  [States.ELSEWHERE]: "uploading",
  [States.STORED]: "received",
  [States.REFUSED]: "rejected",
  [States.CANCELLED]: "none",
};
const GOING = new Set([States.WAITING, States.SENDING, States.CUT, States.PAUSED, States.LOGIN]);

export class Row {
  constructor(template, file, config) {
    this.root = template.content.firstElementChild.cloneNode(true);
    this.config = config;
    this.words = config.words;
    this.file = file;
    this.parts = {};
    for (const part of this.root.querySelectorAll("[data-part]")) this.parts[part.dataset.part] = part;
    this.text("name", file.name);
    this.text("size", size(file.size));
    for (const name of ["pause", "cancel"]) {
      const button = this.parts[name];
      button.setAttribute("aria-label", `${button.textContent.trim()}: ${file.name}`);
    }
    this.parts.bar.setAttribute("aria-label", file.name);
  }

  text(part, value) {
    if (this.parts[part].textContent !== value) this.parts[part].textContent = value;
  }

  place(text) {
    this.text("place", text);
  }

  tag(code, detail = "") {
    const [word, tone, shape] = this.config.tags[code];
    this.parts.tag.className = `govuk-tag govuk-tag--${tone} app-state`;
    this.text("shape", shape);
    this.text("word", ` ${word}${detail}`);
    this.parts.tag.hidden = false;
  }

  note(text, wrong = false) {
    this.text("note", text);
    this.parts.note.classList.toggle("app-upload__note--wrong", wrong);
  }

  /** The line is away before the portal knows of the file. */
  away() {
    this.note(fill(this.words.cut_short, { at: clock(new Date()) }));
  }

  /** Write what a task is at. */
  show(task) {
    const { words } = this;
    const percent = this.file.size ? Math.floor((100 * task.sent) / this.file.size) : 0;
    const sending = task.state === States.SENDING;
    const values = { safe: size(task.safe), bytes: size(this.file.size) };
    this.tag(TAGS[task.state], this.detail(task, percent));
    this.parts.bar.hidden = !GOING.has(task.state);
    this.parts.bar.value = percent;
    const rate = task.rate();
    this.text("rate", sending && rate > 0 ? fill(words.rate, { rate: size(rate) }) : "");
    this.text("left", sending && rate > 0
      ? duration((this.file.size - task.sent) / rate, words) : "");
    this.parts.cancel.hidden = !GOING.has(task.state);
    this.parts.pause.hidden = !GOING.has(task.state) || task.state === States.WAITING;
    const paused = task.state === States.PAUSED;
    if (!this.parts.pause.hidden) this.text("pause", paused ? words.go_on : words.pause);
    this.parts.pause.setAttribute("aria-label", `${paused ? words.go_on : words.pause}: ${this.file.name}`);
    if (task.state === States.STORED) return;
    const early = GOING.has(task.state) ? this.word() : "";
    this.note([early, this.sentence(task, values)].filter(Boolean).join(" · "),
      Boolean(early) || task.state === States.REFUSED);
  }

  /** What the beginning of the file has told already. */
  word() {
    if (!this.early?.code) return "";
    const why = [this.early.reason, this.early.repair].filter(Boolean).join(" ");
    return fill(this.words.early, { why });
  }

  detail(task, percent) {
    if (task.state === States.SENDING) return ` ${percent} %`;
    return "";
  }

  sentence(task, values) {
    const { words } = this;
    switch (task.state) {
      case States.WAITING: return words.turn;
      case States.SENDING:
        if (!task.upload) return words.preparing;
        return task.resumed
          ? `${fill(words.sending, values)} · ${fill(words.resumed, { safe: size(task.resumed) })}`
          : fill(words.sending, values);
      case States.CUT:
        return fill(task.problem?.status === 503 ? words.busy : words.cut,
          { ...values, at: clock(task.cutAt) });
      case States.PAUSED: return fill(words.paused, values);
      case States.LOGIN: return fill(words.login, values);
      case States.ELSEWHERE: return words.elsewhere;
      case States.CANCELLED: return words.cancelled;
      case States.REFUSED: return this.refusal(task.problem, values);
      default: return "";
    }
  }

  refusal(problem, values) {
    if (problem?.code === "unreadable") return fill(this.words.unreadable, values);
    return fill(this.words.refused, { why: problem?.title ?? problem?.detail ?? this.words.refused_unknown });
  }

  /** What the portal says of a file that has arrived. */
  told(known) {
    const { words } = this;
    const at = fill(words.stored_at, { at: known.at });
    const counts = !Number.isInteger(known.stored) ? "" : fill(words.roster, {
      sent: number(known.sent), stored: number(known.stored), rejected: number(known.rejected),
    });
    this.tag(known.state);
    const why = known.reason ? [known.reason, known.repair].filter(Boolean).join(" ") : "";
    this.note([at, counts, why].filter(Boolean).join(" · "), Boolean(why));
    for (const part of ["receipt", "list"]) {
      const link = this.parts[part];
      link.hidden = !known[part];
      if (known[part]) link.href = known[part];
    }
  }

  stored(moment) {
    this.tag("received");
    this.parts.bar.hidden = this.parts.pause.hidden = this.parts.cancel.hidden = true;
    this.text("rate", "");
    this.text("left", "");
    this.note(fill(this.words.stored, { at: clock(moment) }));
  }
}
