// One file on its way: tus-js-client does the requests, this decides when to try again and from where.
//
// tus-js-client alone starts from byte 0 after a failed HEAD and ignores Retry-After. So its own
// retries are off, and once an upload has a URL the endpoint is taken away from it: nothing but a
// 404 or 410, said by the server itself, may begin a file anew.

import { fingerprint, wholeDigest } from "./fingerprint.js";
import { Speed } from "./speed.js";

const CHUNK = 8 * 1024 * 1024;
const SMALLEST_CHUNK = 256 * 1024;
const LONGEST_WAIT = 60_000;
const GONE = new Set([404, 410]);
const NEEDS_LOGIN = new Set([401, 403]);
const REFUSED = new Set([400, 409, 412, 413, 415, 422]);

export const States = Object.freeze({
  WAITING: "waiting",
  SENDING: "sending",
  CUT: "cut",
  PAUSED: "paused",
  ELSEWHERE: "elsewhere",
  LOGIN: "login",
  STORED: "stored",
  REFUSED: "refused",
  CANCELLED: "cancelled",
});

/** Milliseconds until the next try: what the server asked for, else full jitter over a doubling span. */
export function waitFor(failures, retryAfter) {
  const asked = Number.parseInt(retryAfter ?? "", 10);
  if (asked > 0) return Math.min(asked * 1000, LONGEST_WAIT) + Math.random() * 1000;
  return 1000 + Math.random() * Math.min(LONGEST_WAIT, 1000 * 2 ** Math.min(failures, 6));
}

export class UploadTask {
  /**
   * @param file the File
   * @param claim {purpose, requirement, region, election, corrects, batch}
   * @param server {ticket(), openUpload(fingerprint), urlOf(id)}
   * @param changed called with the task after every change
   */
  constructor(file, claim, server, changed) {
    Object.assign(this, { file, claim, server, changed });
    this.state = States.WAITING;
    this.id = null;
    this.sent = 0;
    this.safe = 0;
    this.failures = 0;
    this.problem = null;
    this.retryAt = null;
    this.chunk = CHUNK;
    this.anew = false;
    this.speed = new Speed();
    this.upload = null;
    this.timer = null;
    this.letGo = null;
  }

  /** Runs until the file is stored, refused or cancelled; resolves then. Never rejects. */
  async run() {
    this.mark = await fingerprint(this.file, this.claim);
    await navigator.locks.request(`sipol-${this.mark}`, { ifAvailable: true }, async (lock) => {
      if (lock === null) return this.become(States.ELSEWHERE);
      await new Promise((resolve) => {
        this.letGo = resolve;
        this.attempt();
      });
    });
  }

  async attempt() {
    this.timer = null;
    this.become(States.SENDING);
    try {
      const ticket = await this.server.ticket();
      if (this.upload === null) await this.prepare();
      if (this.state !== States.SENDING) return;
      this.upload.options.headers = { Authorization: `Bearer ${ticket}` };
      this.upload.start();
    } catch (error) {
      this.failed(error.status ?? 0, error.retryAfter, error.problem);
    }
  }

  async prepare() {
    const open = this.anew ? null : await this.server.openUpload(this.mark);
    const uploadUrl = open ? await this.server.urlOf(open.id) : null;
    this.id = open ? open.id : null;
    this.safe = this.sent = open ? open.offset : 0;
    this.upload = new tus.Upload(this.file, {
      endpoint: uploadUrl ? null : "/files/",
      uploadUrl,
      chunkSize: this.chunk,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: async () => null,
      metadata: await this.metadata(),
      onUploadUrlAvailable: () => this.named(),
      onProgress: (sent) => {
        this.sent = sent;
        this.speed.note(sent);
        this.changed(this);
      },
      onChunkComplete: (_size, accepted) => {
        this.safe = accepted;
        this.failures = 0;
        this.changed(this);
      },
      onSuccess: () => this.end(States.STORED),
      onError: (error) => this.heard(error),
    });
  }

  async metadata() {
    const sha256 = await wholeDigest(this.file);
    const values = {
      filename: this.file.name,
      filetype: this.file.type || "application/octet-stream",
      fingerprint: this.mark,
      sha256,
      ...this.claim,
    };
    return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
  }

  named() {
    this.id = /\/files\/([0-9a-f]{32})~/.exec(this.upload.url)?.[1] ?? this.id;
    this.upload.options.endpoint = null;
  }

  heard(error) {
    const response = error.originalResponse;
    const status = response ? response.getStatus() : 0;
    let problem = null;
    try {
      problem = JSON.parse(response?.getBody() ?? "null");
    } catch {
      // A body that is not JSON came from something between us and the portal.
    }
    this.failed(status, response?.getHeader("Retry-After"), problem, error.originalRequest?.getMethod());
  }

  failed(status, retryAfter, problem, method) {
    if (this.state !== States.SENDING) return;
    this.problem = problem;
    if (GONE.has(status) && this.upload !== null) {
      this.upload = null;
      this.anew = true;
      this.id = null;
      this.safe = this.sent = 0;
    } else if (status === 401) {
      this.server.ticketExpired();
      return this.become(States.LOGIN);
    } else if (method === "POST" && (REFUSED.has(status) || NEEDS_LOGIN.has(status))) {
      return this.end(States.REFUSED);
    }
    this.failures += 1;
    if (this.failures === 2 && this.chunk > SMALLEST_CHUNK) {
      this.chunk = SMALLEST_CHUNK;
      if (this.upload) this.upload.options.chunkSize = this.chunk;
    }
    const wait = waitFor(this.failures, retryAfter);
    this.retryAt = Date.now() + wait;
    this.become(States.CUT);
    this.timer = setTimeout(() => this.attempt(), wait);
  }

  /** The line is back, or someone has signed in again: no need to wait any longer. */
  nudge() {
    if (this.state !== States.CUT && this.state !== States.LOGIN) return;
    clearTimeout(this.timer);
    this.attempt();
  }

  pause() {
    if (![States.SENDING, States.CUT, States.LOGIN].includes(this.state)) return;
    clearTimeout(this.timer);
    this.upload?.abort();
    this.become(States.PAUSED);
  }

  resume() {
    if (this.state === States.PAUSED) this.attempt();
  }

  async cancel() {
    clearTimeout(this.timer);
    this.become(States.CANCELLED);
    try {
      await this.upload?.abort(this.upload.url !== null);
    } catch {
      // What could not be ended now expires by itself.
    }
    this.end(States.CANCELLED);
  }

  /** Bytes a second, 0 while nothing moves. */
  rate() {
    return this.state === States.SENDING ? this.speed.rate() : 0;
  }

  end(state) {
    if (state === States.STORED) this.safe = this.sent = this.file.size;
    this.become(state);
    this.letGo?.();
  }

  become(state) {
    if (this.state !== state) this.speed.reset();
    this.state = state;
    if (state !== States.CUT) this.retryAt = null;
    this.changed(this);
  }
}
