// Upload argv[3] to argv[2] with tus-js-client as it is, report {events, offset, id} as JSON on stdout.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [endpoint, file, chunk, mode] = process.argv.slice(2);
const require = createRequire(process.env.TUSJS_FROM);
const tus = require("tus-js-client");
const content = readFileSync(file);
const options = JSON.parse(process.env.TUSJS_OPTIONS);
const report = { creations: 0, patches: 0, heads: 0, offset: 0 };

function upload(extra) {
  return new Promise((resolve, reject) => {
    const one = new tus.Upload(content, {
      endpoint,
      chunkSize: Number(chunk) || Infinity,
      retryDelays: [0, 100, 200, 400, 800],
      metadata: { filename: "surat keputusan ☂.pdf", region: "32.73" },
      uploadDataDuringCreation: mode === "with-creation",
      ...options,
      onBeforeRequest: (request) => {
        const method = request.getMethod();
        if (method === "POST") report.creations += 1;
        if (method === "PATCH") report.patches += 1;
        if (method === "HEAD") report.heads += 1;
      },
      onChunkComplete: (_, accepted) => {
        report.offset = accepted;
        if (mode === "abort" && !extra && accepted >= 400_000) {
          one.abort().then(() => resolve(one.url));
        }
      },
      onError: reject,
      onSuccess: () => resolve(one.url),
      ...extra,
    });
    one.start();
  });
}

const url = await upload();
if (mode === "abort") await upload({ uploadUrl: url });
if (mode === "terminate") await tus.Upload.terminate(url, { retryDelays: [] }).catch((error) => {
  report.terminated = error.originalResponse.getStatus();
});
report.id = /([0-9a-f]{32})~/.exec(url)?.[1];
console.log(JSON.stringify(report));
