// How numbers, shares, probabilities and times are written, everywhere alike.

/** 1746 → "1,746". By hand: a first `Intl.NumberFormat` costs a page several milliseconds before it draws anything. */
export function count(value: number): string {
  if (!(Math.abs(value) < 1e15)) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  const size = Math.round(Math.abs(value));
  return (value < 0 && size ? "-" : "") + String(size).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A share of a whole: "13 %", "< 1 %", "0 %", "100 %", and "n/a (0 of 0)" where there is no whole. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "n/a (0 of 0)";
  const percent = (100 * part) / whole;
  if (part > 0 && percent < 0.5) return "< 1 %";
  if (part < whole && percent > 99.5) return "> 99 %";
  return `${Math.round(percent)} %`;
}

/** A probability: ".51", "< .01", "> .99", "0" and "1" only when they are so. */
export function probability(value: number | null | undefined): string {
  if (value == null || Number.isNaN(value)) return "n/a";
  if (value === 0) return "0";
  if (value === 1) return "1";
  if (value < 0.005) return "< .01";
  if (value > 0.995) return "> .99";
  return value.toFixed(2).replace(/^0/, "");
}

/** An accuracy: ".890"; null is "not stated". */
export function accuracy(value: number | null | undefined, digits = 3): string {
  if (value == null || Number.isNaN(value)) return "n/a";
  const text = value.toFixed(digits);
  return text.startsWith("0") ? text.slice(1) : text;
}

/** A number on an axis or in a tooltip, short, with a true minus. */
export function number(value: number | null | undefined): string {
  if (value == null || Number.isNaN(value)) return "n/a";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  let text: string;
  if (Number.isInteger(value) && size < 1e15) text = count(size);
  else if (size >= 1000) text = count(size);
  else if (size >= 1) text = size.toPrecision(3).replace(/\.?0+$/, "");
  else if (size >= 0.001)
    text = size
      .toPrecision(2)
      .replace(/^0/, "")
      .replace(/(\.\d*?)0+$/, "$1");
  else text = size.toExponential(1);
  return (value < 0 ? "−" : "") + text;
}

/** Bytes: "886 kB". */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size >= 100 || unit === 0 ? Math.round(size) : size.toPrecision(2)} ${units[unit]}`;
}

/** Seconds left: "about 6 s left", "about 2 min left". */
export function left(seconds: number | null): string {
  if (seconds == null) return "";
  if (seconds < 1) return "nearly done";
  if (seconds < 90) return `about ${Math.ceil(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

/** "1 instance", "2 instances". */
export function plural(n: number, word: string, many = `${word}s`): string {
  return `${count(n)} ${n === 1 ? word : many}`;
}

/** A time of an edit: "14:02" today, "12 Mar" this year, else the date. */
export function when(iso: string, now = new Date()): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return iso;
  if (time.toDateString() === now.toDateString()) {
    return time.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  }
  const options: Intl.DateTimeFormatOptions =
    time.getFullYear() === now.getFullYear() ? { day: "numeric", month: "short" } : { dateStyle: "medium" };
  return time.toLocaleDateString("en-GB", options);
}

/** A name too long for its place, cut in the middle so that both ends stay. */
export function shorten(text: string, most: number): string {
  const letters = [...text];
  if (letters.length <= most) return text;
  const end = Math.floor((most - 1) / 3);
  return `${letters.slice(0, most - 1 - end).join("")}…${end ? letters.slice(-end).join("") : ""}`;
}
