// What a queue asks of the portal: a ticket, its open uploads, the address to go on at, their states.
//
// The ticket lives in this page's memory only. It lets the night's queue go on after the login has
// ended; the portal takes it for exactly these calls.

import { Problem, send } from "../api.js";

const EARLY = 5 * 60_000;

export class Server {
  constructor() {
    this.held = null;
    this.asking = null;
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

  ticketExpired() {
    this.held = null;
    document.dispatchEvent(new CustomEvent("sipol:login-required"));
  }

  async #ask(address, options = {}) {
    const headers = { Authorization: `Bearer ${await this.ticket()}` };
    return send(address, { ...options, headers, background: true });
  }

  /** One's own open upload of that fingerprint: {id, offset}, or null. */
  async openUpload(fingerprint) {
    const found = await this.#ask(`/api/v1/uploads?fingerprint=${fingerprint}`);
    return found.items.at(-1) ?? null;
  }

  /** The capability path of an open upload. */
  async urlOf(id) {
    return (await this.#ask(`/api/v1/uploads/${id}/url`, { method: "POST", body: {} })).url;
  }

  /** An upload at any age. */
  async upload(id) {
    return this.#ask(`/api/v1/uploads/${id}`);
  }
}
