// What a queue asks of the portal: a ticket, its open uploads, the address to go on at, their states.
//
// The ticket lives in this page's memory only. It lets the night's queue go on after the login has
// ended; the portal takes it for exactly these calls.

import { Problem, send } from "../api.js";

const EARLY = 5 * 60_000;
const BATCH = 100;

export class Server {
  /** @param vendor where tus-js-client lies; it is loaded with the first file, not with the page */
  constructor(vendor) {
    this.vendor = vendor;
    this.loading = null;
    this.held = null;
    this.asking = null;
    // Fingerprints of what the page itself lists as not finished.
    this.left = new Set();
  }

  /** Resolves when `tus` is there. A load that failed on a bad line is tried again. */
  engine() {
    this.loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = this.vendor;
      script.onload = resolve;
      script.onerror = () => {
        script.remove();
        this.loading = null;
        reject(new Problem({ code: "offline" }, 0));
      };
      document.head.append(script);
    });
    return this.loading;
  }

  /** The ticket, renewed a little before it ends while somebody is signed in. */
  async ticket() {
    if (this.held && this.held.until - Date.now() > EARLY) return this.held.text;
    this.asking ??= this.renew().finally(() => (this.asking = null));
    return this.asking;
  }

  async renew() {
    try {
      const { ticket, expires_at: until } = await send("/api/v1/tickets", {
        method: "POST", body: {}, background: true,
      });
      this.held = { text: ticket, until: Date.parse(until) };
    } catch (problem) {
      if (!(problem instanceof Problem) || !this.held || this.held.until < Date.now()) throw problem;
    }
    return this.held.text;
  }

  /** The ticket was refused: the next question asks for a new one, or for a login. */
  forgetTicket() {
    this.held = null;
  }

  async #ask(address, options = {}) {
    const headers = { Authorization: `Bearer ${await this.ticket()}` };
    try {
      return await send(address, { ...options, headers, background: true });
    } catch (problem) {
      if (problem.status === 401) this.forgetTicket();
      throw problem;
    }
  }

  /** One's own open upload of that fingerprint: {id, offset}, or null. */
  async openUpload(fingerprint) {
    const found = await this.#ask(`/api/v1/uploads?fingerprint=${fingerprint}`);
    return found.items.at(-1) ?? null;
  }

  /** The id of one's own file of that claim that is there already, by {sha256} or {arrived: id}, or null. */
  async arrived(known, { requirement, region }) {
    const query = new URLSearchParams({ ...known, requirement, region });
    return (await this.#ask(`/api/v1/uploads?${query}`)).items.at(-1)?.id ?? null;
  }

  /** What the beginning of an open upload says: {code, reason, repair}, or null before it was looked at. */
  async early(id) {
    return (await this.#ask(`/api/v1/uploads/${id}`)).early ?? null;
  }

  /** The capability path of an open upload. */
  async urlOf(id) {
    return (await this.#ask(`/api/v1/uploads/${id}/url`, { method: "POST", body: {} })).url;
  }

  /** End an open upload for good; its bytes are given back. */
  async drop(id) {
    const response = await fetch(await this.urlOf(id), {
      method: "DELETE", credentials: "same-origin",
      headers: { "Tus-Resumable": "1.0.0", Authorization: `Bearer ${await this.ticket()}` },
    });
    if (!response.ok && ![404, 410].includes(response.status)) throw new Problem({}, response.status);
  }

  /** States of files that have arrived, a batch at a time, in the words of the portal. */
  async states(address, ids) {
    const query = new URLSearchParams(ids.slice(0, BATCH).map((id) => ["id", id]));
    return send(`${address}?${query}`, { background: true });
  }

  /** Mark the file that a new one has replaced. Waits for somebody to sign in again. */
  async replace(id, reason) {
    await send(`/api/v1/files/${id}/withdraw`, { method: "POST", body: { reason } });
  }
}
