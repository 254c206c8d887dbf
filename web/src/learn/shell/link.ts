// How is a state kept in the address? As plain words after the name of the explorable: learn.html#gan?v=1&shape=ring&seed=7.

export const LINK_VERSION = 1;

export interface Link {
  name: string;
  /** The version that wrote the link; null if it says none. */
  version: number | null;
  values: Record<string, string>;
}

export function parseLink(hash: string): Link {
  const [name, query = ""] = hash.replace(/^#/, "").split("?");
  const values = Object.fromEntries(new URLSearchParams(query));
  const version = values.v === undefined ? null : Number(values.v);
  delete values.v;
  return { name, version, values };
}

export function formatLink(name: string, values: Readonly<Record<string, string>>): string {
  if (!Object.keys(values).length) return `#${name}`;
  const query = new URLSearchParams({ v: String(LINK_VERSION), ...values }).toString();
  return `#${name}?${query.replaceAll("%2C", ",").replaceAll("+", "%20")}`;
}

/** Points in [−1, 1] as letters: two per number, good to a thousandth. Short enough for an address up to some hundred points. */
export function packNumbers(numbers: readonly number[]): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return numbers
    .map((number) => {
      const whole = Math.max(0, Math.min(4095, Math.round(((number + 1) / 2) * 4095)));
      return letters[whole >> 6] + letters[whole & 63];
    })
    .join("");
}

export function unpackNumbers(text: string): number[] {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const numbers: number[] = [];
  for (let i = 0; i + 1 < text.length; i += 2) {
    const [high, low] = [letters.indexOf(text[i]), letters.indexOf(text[i + 1])];
    if (high < 0 || low < 0) return [];
    numbers.push(((high * 64 + low) / 4095) * 2 - 1);
  }
  return numbers;
}
