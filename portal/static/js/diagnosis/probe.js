// One request at a time through the user's own line, with what a diagnosis wants to know of it.
//
// XMLHttpRequest, not fetch: it tells how much of a body went out, and it can be cut in the middle.

export const FILES = "/files/";
const PATIENCE = 20_000;

/**
 * Send a request; never rejects.
 * @returns {Promise<{status: number, field: (name: string) => string | null, ms: number, sent: number,
 *   cut: boolean}>} `status` 0: no answer; `cut`: ended by `after`.
 */
export function send(method, path, { headers = {}, body = null, after = null, patience = PATIENCE } = {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const started = performance.now();
    let sent = 0;
    let cut = false;
    const done = () => {
      clearTimeout(timer);
      resolve({
        status: cut ? 0 : request.status,
        field: (name) => (cut ? null : request.getResponseHeader(name)),
        ms: performance.now() - started,
        sent,
        cut,
      });
    };
    request.upload.onprogress = (event) => {
      sent = event.loaded;
    };
    request.onload = done;
    request.onerror = done;
    request.ontimeout = done;
    request.onabort = done;
    const timer = after === null ? 0 : setTimeout(() => {
      cut = true;
      request.abort();
    }, after);
    request.timeout = patience;
    request.open(method, path);
    for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", ...headers })) {
      request.setRequestHeader(name, value);
    }
    request.send(body);
  });
}

/** Bytes that no proxy can shrink by compressing them. */
export function noise(size) {
  const block = new Uint8Array(65536);
  crypto.getRandomValues(block);
  const parts = [];
  for (let left = size; left > 0; left -= block.length) {
    parts.push(left < block.length ? block.subarray(0, left) : block);
  }
  return new Blob(parts);
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
