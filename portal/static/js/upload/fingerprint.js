// How a file is recognised when it is picked again: a digest of its size, its first and its last MiB.
// Neither its name nor its date: a copy from a flash disk has new ones, its bytes are the same.

const EDGE = 1024 * 1024;
const WHOLE = 32 * EDGE;

const hex = (buffer) =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** SHA-256 of size, head and tail, salted with the claim: one file may serve two requirements. */
export async function fingerprint(file, claim) {
  const label = [claim.purpose, claim.requirement, claim.region, file.size].join("\n");
  const parts = new Blob([label, file.slice(0, EDGE), file.slice(Math.max(EDGE, file.size - EDGE))]);
  return hex(await crypto.subtle.digest("SHA-256", await parts.arrayBuffer()));
}

/** SHA-256 of the whole file when it fits into memory without harm, else undefined. */
export async function wholeDigest(file) {
  if (file.size > WHOLE) return undefined;
  return hex(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
}
