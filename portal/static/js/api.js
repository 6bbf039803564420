// Calls to the portal as the signed-in person. Stateless, so that it may be loaded under two addresses.
//
// An ended login is no error here: the page is asked to sign in again (session.js shows the bar and the
// dialog), and the same call is sent once more with the new token.

const meta = (name) => document.querySelector(`meta[name="${name}"]`);

export const csrfToken = () => meta("csrf-token")?.content ?? "";

/** The account this page was made for. */
export const account = () => meta("account")?.content ?? "";

export class Problem extends Error {
  /** RFC 9457: `code`, `detail`, `fields`; `status` 0 means that no answer came. */
  constructor(body, status) {
    super(body.detail ?? body.title ?? String(status));
    this.code = body.code ?? "unknown";
    this.fields = body.fields ?? {};
    this.status = status;
  }
}

/** Ask the page to sign in; resolves when somebody has. */
export function signInAgain() {
  return new Promise((resolve) => {
    document.addEventListener("sipol:signed-in", resolve, { once: true });
    document.dispatchEvent(new CustomEvent("sipol:login-required"));
  });
}

/**
 * fetch() with token and JSON. `background: true` marks a poll: it does not keep the session alive, and
 * an ended login shows the bar without waiting for it.
 * Returns the parsed body (null for 204). Throws Problem.
 */
export async function send(address, { method = "GET", body, headers = {}, background = false, signal } = {}) {
  for (;;) {
    const all = { Accept: "application/json", "X-CSRF-Token": csrfToken(), ...headers };
    if (body !== undefined) all["Content-Type"] = "application/json";
    if (background) all["Sipol-Background"] = "1";
    let response;
    try {
      response = await fetch(address, {
        method, headers: all, signal, credentials: "same-origin",
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Problem({ code: "offline", detail: String(error) }, 0);
    }
    if (response.ok) return response.status === 204 ? null : response.json();
    const problem = await response.json().catch(() => ({}));
    if (response.status !== 401 || problem.code !== "login_required") {
      throw new Problem(problem, response.status);
    }
    if (background) {
      document.dispatchEvent(new CustomEvent("sipol:login-required"));
      throw new Problem(problem, response.status);
    }
    await signInAgain();
  }
}
