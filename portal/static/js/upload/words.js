// Numbers, sizes and times as the portal's own pages write them (portal/formatting.py).

const lang = document.documentElement.lang || "id";
const whole = new Intl.NumberFormat(lang, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(lang, { maximumFractionDigits: 1 });
const wib = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "id", {
  timeZone: "Asia/Jakarta", hour: "2-digit", minute: "2-digit",
});
const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** A sentence with its {places} filled in. */
export const fill = (text, values = {}) =>
  text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

export const number = (value) => whole.format(value);

export const clock = (moment) => wib.format(moment);

/** Decimal units, two figures: `43 MB`, `2,1 MB`. */
export function size(bytes) {
  let [amount, unit] = [bytes, 0];
  while (amount >= 999.5 && unit < UNITS.length - 1) [amount, unit] = [amount / 1000, unit + 1];
  return `${(unit === 0 || amount >= 9.95 ? whole : tenth).format(amount)} ${UNITS[unit]}`;
}

/** `± 2 jam 10 menit`; never more exact than a minute. */
export function duration(seconds, words) {
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 2) return words.moment;
  const hours = Math.floor(minutes / 60);
  return `± ${[
    hours ? fill(words.hours, { n: whole.format(hours) }) : "",
    minutes % 60 ? fill(words.minutes, { n: minutes % 60 }) : "",
  ].filter(Boolean).join(" ")}`;
}
