// One file on its way: tus-js-client does the requests, this decides when to try again and from where.
//
// tus-js-client alone starts from byte 0 after a failed HEAD and ignores Retry-After. So its own
// retries are off, and once an upload has a URL the endpoint is taken away from it: nothing but a
// 404 or 410, said by the server itself, may begin a file anew.

import { fingerprint, wholeDigest } from "./fingerprint.js";
import { Speed, waitFor } from "./speed.js";
import { unheard } from "./unheard.js";

const GONE_BY = "Tus-Resumable";
const CHUNK = 8 * 1024 * 1024;
// Sent whole with its creation: one request, and nothing to go on with when that one is cut.
const SMALL = 1024 * 1024;
const SMALLEST_CHUNK = 256 * 1024;
const BEFORE_LARGER = 4;
const GONE = new Set([404, 410]);
const NEEDS_LOGIN = new Set([401, 403]);
const CLOSED = "window_closed";
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

export class UploadTask {
  /**
   * @param file the File
   * @param claim {purpose, requirement, region, election, corrects, batch}
   * @param server {engine(), ticket(), forgetTicket(), left, openUpload(fingerprint), arrived(known, claim), urlOf(id), drop(id)}
   * @param changed called with the task after every change
   */
  constructor(file, claim, server, changed) {
    Object.assign(this, { file, claim, server, changed });
    this.state = States.WAITING;
    this.id = null;
    this.sent = 0;
    this.safe = 0;
    this.resumed = 0;
    this.turn = 0;
    this.failures = 0;
    this.stored = 0;
    this.cutAt = null;
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
    try {
      this.mark = await fingerprint(this.file, this.claim);
    } catch {
      return this.unreadable();
    }
    if (this.state === States.CANCELLED) return;
    await navigator.locks.request(`sipol-${this.mark}`, { ifAvailable: true }, async (lock) => {
      if (this.state === States.CANCELLED) return;
      if (lock === null) return this.become(States.ELSEWHERE);
      await new Promise((resolve) => {
        this.letGo = resolve;
        if (this.state === States.SENDING) this.attempt();
      });
    });
  }

  async attempt() {
    this.timer = null;
    // Only the newest attempt may start the requests: pausing and going on quickly makes two.
    const turn = ++this.turn;
    this.become(States.SENDING);
    try {
      const ticket = await this.server.ticket();
      const upload = this.upload ?? (await this.prepare());
      if (this.state !== States.SENDING || turn !== this.turn) return;
      if (upload === null) return this.end(States.STORED);
      this.upload = upload;
      // The page's language, which need not be the browser's.
      this.upload.options.headers = { Authorization: `Bearer ${ticket}`, "Accept-Language": document.documentElement.lang };
      this.upload.start();
    } catch (error) {
      if (turn === this.turn) this.failed({ status: error.status ?? 0, problem: { code: error.code, title: error.message } });
    }
  }

  async prepare() {
    await this.server.engine();
    const small = this.file.size <= SMALL;
    const asks = !this.anew && (!small || this.failures > 0 || this.server.left.has(this.mark));
    const open = asks ? await this.server.openUpload(this.mark) : null;
    const values = await this.metadata();
    const known = values.sha256 ? { sha256: values.sha256 } : { arrived: unheard.of(this.mark, this.file) };
    if (asks && !open && (known.sha256 || known.arrived) && !this.claim.corrects) {
      // The last reply may have been lost, or its page closed, and the file be there.
      this.id = await this.server.arrived(known, this.claim);
      if (this.id) return null;
    }
    const uploadUrl = open ? await this.server.urlOf(open.id) : null;
    this.id = open ? open.id : null;
    this.safe = this.sent = this.resumed = open?.offset ?? 0;
    const upload = new tus.Upload(this.file, {
      endpoint: uploadUrl ? null : "/files/",
      uploadUrl,
      chunkSize: Math.max(this.chunk, small ? SMALL : 0),
      uploadDataDuringCreation: small,
      retryDelays: null,
      storeFingerprintForResuming: false,
      fingerprint: async () => null,
      metadata: values,
      onUploadUrlAvailable: () => this.named(upload),
      onProgress: (sent) => {
        this.sent = sent;
        this.speed.note(sent);
        this.changed(this);
      },
      onChunkComplete: (_size, accepted) => {
        this.safe = accepted;
        this.failures = 0;
        this.grow();
        this.changed(this);
      },
      onSuccess: () => this.end(States.STORED),
      onError: (error) => this.heard(error),
    });
    return upload;
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

  named(upload) {
    this.id = /\/files\/([0-9a-f]{32})~/.exec(upload.url)?.[1] ?? this.id;
    upload.options.endpoint = null;
    if (this.id && !upload.options.metadata.sha256) unheard.keep(this.mark, this.id, this.file);
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
    this.failed({
      status,
      problem,
      retryAfter: response?.getHeader("Retry-After"),
      method: error.originalRequest?.getMethod(),
      // A 404 of something in between must not cost what is stored.
      gone: GONE.has(status) && Boolean(response.getHeader(GONE_BY)),
    });
  }

  async failed({ status, problem = null, retryAfter, method, gone = false }) {
    if (this.state !== States.SENDING) return;
    this.problem = problem;
    this.cutAt = new Date();
    if (status === 0 && !(await this.readable())) return this.unreadable();
    if (this.state !== States.SENDING) return;
    if (gone && this.upload !== null) {
      this.upload = null;
      this.anew = true;
      this.id = null;
      this.safe = this.sent = 0;
    } else if (status === 401 && method === undefined) {
      // Not even a ticket is to be had: somebody has to sign in (session.js shows the bar).
      return this.become(States.LOGIN);
    } else if (status === 401) {
      this.server.forgetTicket();
    } else if (problem?.code === CLOSED || (method === "POST" && (REFUSED.has(status) || NEEDS_LOGIN.has(status)))) {
      return this.end(States.REFUSED);
    }
    this.failures += 1;
    this.stored = 0;
    if (this.upload && !this.upload.url) this.upload = null;
    if (this.failures === 2 && this.chunk > SMALLEST_CHUNK) {
      this.chunk = SMALLEST_CHUNK;
      if (this.upload) this.upload.options.chunkSize = this.chunk;
    }
    const wait = waitFor(this.failures, retryAfter);
    this.retryAt = Date.now() + wait;
    this.become(States.CUT);
    this.timer = setTimeout(() => this.attempt(), wait);
  }

  /** Small chunks are for a line that drops; when some have arrived it holds, and they grow again. */
  grow() {
    this.stored += 1;
    if (this.stored < BEFORE_LARGER || this.chunk >= CHUNK) return;
    this.stored = 0;
    this.chunk = Math.min(CHUNK, this.chunk * 2);
    this.upload.options.chunkSize = this.chunk;
  }

  /** A file can vanish under the page: a flash disk pulled out, a file edited after it was picked. */
  async readable() {
    try {
      await this.file.slice(0, 1).arrayBuffer();
      await this.file.slice(-1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  unreadable() {
    this.problem = { code: "unreadable" };
    this.end(States.REFUSED);
  }

  /** The line is back, someone has signed in again, or the close has moved: no need to wait. */
  nudge() {
    if (this.state === States.REFUSED && this.problem?.code === CLOSED) {
      this.upload = null;
      this.running = false;
      return this.become(States.WAITING);
    }
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
    if (this.state !== States.PAUSED) return;
    if (this.letGo) this.attempt();
    else this.become(States.SENDING);  // still being recognised: run() begins it
  }

  async cancel() {
    clearTimeout(this.timer);
    const known = this.id !== null;
    this.become(States.CANCELLED);
    let dropped = true;
    try {
      await this.upload?.abort();
      if (known) await this.server.drop(this.id);
    } catch {
      // What could not be ended now expires by itself.
      dropped = false;
    }
    this.end(States.CANCELLED);
    return dropped;
  }

  /** Bytes a second, 0 while nothing moves. */
  rate() {
    return this.state === States.SENDING ? this.speed.rate() : 0;
  }

  end(state) {
    if (state === States.STORED) this.safe = this.sent = this.file.size;
    if (this.mark) unheard.forget(this.mark);
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
