// What a file is for: fixed by its page, or read from its name, or asked.
//
// `3273_sk-pengurus-kabupaten.pdf` names both; a code counts only when the portal knows it for the
// requirement's level and the person's regions.

import { send } from "../api.js";

const AGAIN = 5_000;
const REFUSED = new Set([400, 403, 404, 422]);
const PICTURE = /\.(jpe?g|png)$/i;
const PURPOSES = { csv: "roster", xlsx: "roster", zip: "scans" };
const DIGITS = { province: 1, regency: 2, district: 3 };

export const isPicture = (file) => PICTURE.test(file.name);

/** Pictures among files; what a system leaves in folders (`._x.jpg`, Thumbs.db) is none. */
export const pictures = (files) =>
  files.filter((file) => isPicture(file) && !file.name.startsWith("."));

const namedIn = (name, codes) =>
  Object.keys(codes)
    .filter((code) => name.toLowerCase().includes(code))
    .sort((a, b) => b.length - a.length)[0] ?? "";

/** The name of a requirement that somebody else sends, when a file's name points to it, or undefined. */
export const beyondIn = (name, { requirements, beyond }) => {
  const code = namedIn(name, beyond);
  return code.length > namedIn(name, requirements).length ? beyond[code] : undefined;
};

/**
 * The requirement whose code stands in a file's name (the longest: some begin alike), else the only one
 * that takes such a file: lists are CSV or XLSX, bundles of cards ZIP.
 */
export function requirementIn(name, { requirements, beyond }) {
  if (beyondIn(name, { requirements, beyond })) return null;
  const named = namedIn(name, requirements);
  if (named) return named;
  const purpose = PURPOSES[name.toLowerCase().split(".").pop()];
  const fitting = Object.values(requirements).filter((row) => row.purpose === purpose);
  return fitting.length === 1 ? fitting[0].code : null;
}

/** Region codes of a level that stand in a file's name, dotted: `3273` and `32.73` are `32.73`. */
export function codesIn(name, level) {
  const parts = DIGITS[level];
  if (!parts) return [];
  return name
    .split(/[^0-9.]+/)
    .map((token) => token.replaceAll(".", ""))
    .filter((token) => token.length === parts * 2)
    .map((token) => token.match(/../g).join("."));
}

export class Places {
  /** @param address of `party.find_regions` */
  constructor(address) {
    this.address = address;
    this.known = new Map();
  }

  /** {code, name} of the first of the codes that the portal knows for a requirement, or null. Throws Problem. */
  async first(requirement, codes) {
    const key = `${requirement} ${codes}`;
    if (!codes.length) return null;
    if (!this.known.has(key)) this.known.set(key, await this.#ask({ syarat: requirement, kode: codes }));
    const found = new Map(this.known.get(key));
    const code = codes.find((each) => found.has(each));
    return code ? { code, name: found.get(code) } : null;
  }

  /** Regions that match what somebody types: [[code, name]]; for "" the first of all. Throws Problem. */
  async matching(requirement, text) {
    return this.#ask({ syarat: requirement, cari: text });
  }

  async #ask({ kode = [], ...rest }) {
    const query = new URLSearchParams([...Object.entries(rest), ...kode.map((code) => ["kode", code])]);
    try {
      return await send(`${this.address}?${query}`);
    } catch (problem) {
      if (REFUSED.has(problem.status)) return [];
      throw problem;
    }
  }
}

/** `work()`, again and again until the line carries it; `cut()` after each time that it did not. */
export async function carried(work, cut) {
  for (;;) {
    try {
      return await work();
    } catch {
      cut();
      await new Promise((resolve) => {
        setTimeout(resolve, AGAIN);
        addEventListener("online", resolve, { once: true });
      });
    }
  }
}
