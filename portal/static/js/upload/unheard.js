// Which upload a file became whose end this browser has not heard of: the last reply may have been lost,
// or the page closed before it. A file too large to be hashed here is recognised by that, and by its date:
// an edited one is another file. An id and a date only, no name and no address.

const PREFIX = "sipol-unheard-";
const KEPT = 30 * 24 * 3600_000;

/** Ids by the marks of files; a browser that keeps nothing sends again. */
export const unheard = {
  keep(mark, id, file) {
    try {
      localStorage.setItem(PREFIX + mark, JSON.stringify({ id, date: file.lastModified, at: Date.now() }));
    } catch { /* a private window, or one that is full */ }
  },

  /** The id of the upload that this very file became, or null. */
  of(mark, file) {
    const known = read(PREFIX + mark);
    return known?.date === file.lastModified ? known.id : null;
  },

  forget(mark) {
    try { localStorage.removeItem(PREFIX + mark); } catch { /* nothing was kept */ }
  },
};

// What nobody came back for goes with the next page.
try {
  const marks = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  for (const key of marks) if (!(read(key)?.at > Date.now() - KEPT)) localStorage.removeItem(key);
} catch { /* nothing was kept */ }

function read(key) {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}
