// Bytes a second over about the last half minute, and how long to wait when nothing goes.

const SPAN = 30_000;
const STEP = 250;
const QUIET = 2_000;
const LONGEST_WAIT = 60_000;

export class Speed {
  constructor() {
    this.points = [];
  }

  /** Bytes sent so far; a jump that was no sending (a resumed upload) begins with `reset`. */
  note(bytes) {
    const now = performance.now();
    const last = this.points.at(-1);
    if (last && now - last.at < STEP) return;
    this.points.push({ at: now, bytes });
    while (this.points.length > 2 && now - this.points[0].at > SPAN) this.points.shift();
  }

  reset() {
    this.points = [];
  }

  rate() {
    if (this.points.length < 2) return 0;
    const first = this.points[0];
    const last = this.points.at(-1);
    // Silence counts: a line that has stalled must not go on showing its old speed.
    const until = Math.max(last.at, performance.now() - QUIET);
    return Math.max(0, ((last.bytes - first.bytes) * 1000) / (until - first.at));
  }
}

/** Milliseconds until the next try: what the server asked for, else full jitter over a doubling span. */
export function waitFor(failures, retryAfter) {
  const asked = Number.parseInt(retryAfter ?? "", 10);
  if (asked > 0) return Math.min(asked * 1000, LONGEST_WAIT) + Math.random() * 1000;
  return 1000 + Math.random() * Math.min(LONGEST_WAIT, 1000 * 2 ** Math.min(failures, 6));
}
