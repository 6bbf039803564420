// A long list is asked after while it is still on its way: its beginning may tell how it will end.

import { States } from "./task.js";

const EVERY = 10_000;
const ENOUGH = 8 * 1024 * 1024;
const GOING = new Set([States.SENDING, States.CUT, States.PAUSED]);

/** `rows`: task to row; the word is put into the row, once. */
export function askEarly(rows, server, changed) {
  const ask = async () => {
    for (const [task, row] of rows) {
      const wanted = task.claim.purpose === "roster" && GOING.has(task.state) && task.safe >= ENOUGH;
      if (!wanted || !task.id || row.early) continue;
      try {
        row.early = await server.early(task.id);
        if (row.early?.code) changed(task);
      } catch {
        // The line or the login: asked again next time.
      }
    }
    setTimeout(ask, EVERY);
  };
  setTimeout(ask, EVERY);
}
