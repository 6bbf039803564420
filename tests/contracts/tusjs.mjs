// Upload argv[3] to argv[2] with tus-js-client as it is; counts, offset and ids as JSON on stdout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { PassThrough } from "node:stream";

const [endpoint, file, chunk, mode] = process.argv.slice(2);
const require = createRequire(process.env.TUSJS_FROM);
const tus = require("tus-js-client");
// A stream whose length nobody knows; the library reads whole chunks from its buffer.
const content =
  mode === "deferred"
    ? new PassThrough({ highWaterMark: 2 ** 24 }).end(readFileSync(file))
    : readFileSync(file);
const options = JSON.parse(process.env.TUSJS_OPTIONS);
const report = { creations: 0, patches: 0, heads: 0, offset: 0, ids: [], locations: [] };
const stopping = ["abort", "abort-terminate", "parallel-abort"].includes(mode);
let stopped = false;

function idOf(url) {
  return /([0-9a-f]{32})~/.exec(url)?.[1];
}

function begin(extra, resolve, reject) {
  const one = new tus.Upload(content, {
    endpoint,
    chunkSize: Number(chunk) || Infinity,
    retryDelays: [0, 100, 200, 400, 800],
    metadata: { filename: "surat keputusan ☂.pdf", region: "32.73" },
    uploadDataDuringCreation: mode === "with-creation",
    uploadLengthDeferred: mode === "deferred",
    ...options,
    onBeforeRequest: (request) => {
      const method = request.getMethod();
      if (method === "POST") report.creations += 1;
      if (method === "PATCH") report.patches += 1;
      if (method === "HEAD") report.heads += 1;
    },
    onAfterResponse: (request, response) => {
      if (request.getMethod() !== "POST" || !response.getHeader("Location")) return;
      report.ids.push(idOf(response.getHeader("Location")));
      if (request.getHeader("Upload-Concat")?.startsWith("final;")) {
        report.locations.push(response.getHeader("Location"));
      }
    },
    onChunkComplete: (_, accepted) => {
      report.offset = accepted;
    },
    onProgress: (sent, total) => {
      if (stopping && !stopped && sent >= total / 3 && sent < total) {
        stopped = true;
        one.abort(mode === "abort-terminate").then(() => resolve(one), reject);
      }
    },
    onError: reject,
    onSuccess: () => resolve(one),
    ...extra,
  });
  one.start();
}

const one = await new Promise((resolve, reject) => begin({}, resolve, reject));
if (mode === "abort") {
  await new Promise((resolve, reject) => begin({ uploadUrl: one.url }, resolve, reject));
}
if (mode === "parallel-abort" || mode === "final-again") {
  await new Promise((resolve, reject) => {
    one.options.onSuccess = resolve;
    one.options.onError = reject;
    one.url = null;
    one.start();
  });
}
if (mode === "terminate") {
  await tus.Upload.terminate(one.url, { retryDelays: [] }).catch((error) => {
    report.terminated = error.originalResponse.getStatus();
  });
}
report.id = idOf(one.url) ?? report.ids[0];
console.log(JSON.stringify(report));
