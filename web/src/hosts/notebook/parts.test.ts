// Is every part asked for once, over a kernel that has it, and again after a failure?
import { expect, it } from "vitest";
import { HostError } from "../../runtime/host";
import { beyond } from "./letters";
import { loader, type Held } from "./parts";
import type { Pool, Presence } from "./pool";

const CODE: Record<string, string> = {
  "bars.js": "export const bars = {};",
  "one.js": 'import {bars} from "underglass-part:bars.js"; export const name = "one"; export {bars};',
  "two.js": 'import {bars} from "underglass-part:bars.js"; export const name = "two"; export {bars};',
};

/** As the stub keeps it; addresses that Node can import. */
function held(): Held {
  const urls: Record<string, string> = {};
  return {
    urls,
    needs: { "one.js": ["bars.js"], "two.js": ["bars.js"], "bars.js": [] },
    read: async (data) => JSON.parse(new TextDecoder().decode(data)) as Record<string, string>,
    put(files) {
      for (const [name, code] of Object.entries(files)) {
        const module = code.replace(/underglass-part:([\w.-]*)/g, (_, other: string) => urls[other]);
        urls[name] = `data:text/javascript,${encodeURIComponent(module)}`;
      }
    },
  };
}

class Kernel {
  asked: string[][] = [];
  failure: Error | null = null;
  constructor(readonly presence: Presence = "here") {}
  ask({ names }: { names: string[] }) {
    this.asked.push(names);
    if (this.failure) return Promise.reject(this.failure);
    const code = Object.fromEntries(names.map((name) => [name, CODE[name]]));
    return Promise.resolve({ bytes: new TextEncoder().encode(JSON.stringify(code)) });
  }
}
const loads = (...kernels: Kernel[]) => loader(held(), "hash", () => kernels as unknown as Pool[]);
interface Part {
  name: string;
  bars: object;
}

it("asks for what two parts share once, though both are loaded at a time", async () => {
  const kernel = new Kernel();
  const load = loads(kernel);

  const [one, two] = (await Promise.all([load("one.js"), load("two.js")])) as Part[];
  const again = await load("one.js");

  expect([one.name, two.name]).toEqual(["one", "two"]);
  expect(one.bars).toBe(two.bars);
  expect(again).toBe(one);
  expect(kernel.asked).toEqual([["bars.js", "one.js"], ["two.js"]]);
});

it("asks the kernel that is there first, and the next where one refuses", async () => {
  const [gone, other, here] = [new Kernel("gone"), new Kernel("here"), new Kernel("here")];
  other.failure = new HostError("underglass was updated");
  const load = loads(gone, other, here);

  expect(((await load("two.js")) as Part).name).toBe("two");
  expect([gone.asked.length, other.asked.length, here.asked.length]).toEqual([0, 1, 1]);
});

it("says why nothing comes, and asks again the next time", async () => {
  const kernel = new Kernel();
  kernel.failure = new HostError("no");
  const load = loads(kernel);
  await expect(Promise.all([load("one.js"), load("two.js")])).rejects.toThrow("no");
  await expect(load("two.js")).rejects.toThrow("no");
  await expect(loads()("one.js")).rejects.toThrow("Run the cell again");

  kernel.failure = null;

  expect(((await load("one.js")) as Part).name).toBe("one");
  expect(((await load("two.js")) as Part).name).toBe("two");
});

it("knows which letters the first file of the font lacks", () => {
  for (const text of ["Łódź", "Ő", "Việt", "ℓ2", "ș", "†", "₿"]) expect(beyond(text), text).toBe(true);
  for (const text of ["Größe – naïve café", "n = 800 · 12 %", "œuvre ı", "日本 кошка 🦊", "≈ ≤ ↑"])
    expect(beyond(text), text).toBe(false);
});
