// Are the rows of a matrix those of what is pointed at now, and asked for no more often than the data change?
import { afterEach, expect, test } from "vitest";
import { LayerRows } from "./rows.svelte";

/** The bytes of one row of the matrix. */
function encoded(value: number): ArrayBuffer {
  const head = JSON.stringify({ counts: [1], problems: {}, units: 1, shown: 60, order: null });
  const words = new TextEncoder().encode(head.padEnd(Math.ceil(head.length / 4) * 4));
  const bytes = new Uint8Array(4 + words.length + 8);
  new DataView(bytes.buffer).setUint32(0, words.length, true);
  bytes.set(words, 4);
  bytes.set(new Uint8Array(new Float32Array([value, 0]).buffer), 4 + words.length);
  return bytes.buffer;
}

class At {
  hover = $state.raw<{ row?: number } | null>(null);
  version = $state(1);
  info = $state.raw({ version: 1 });
  readonly picks = { tree: null, filter: null, any: false, text: "" };
  readonly asked: { what: string; row: number | undefined; give: (value: unknown) => void }[] = [];
  readonly host = {
    call: (_: string, what: string, args: { rows?: { row: number }[] }) =>
      new Promise((give) => this.asked.push({ what, row: args.rows?.[0]?.row, give })),
  };
  rows!: LayerRows;
  readonly stop = $effect.root(() => {
    this.rows = new LayerRows({
      study: () => this as never,
      layer: () => "fc",
      part: () => null,
      usable: () => true,
      rows: () => [],
      cluster: () => false,
    });
  });
}
const arrived = () => new Promise((resolve) => setTimeout(resolve));
let at: At;
async function opened() {
  at = new At();
  await arrived();
  at.asked.splice(0)[0].give({ layer: "fc", units: 1 });
  await arrived();
  at.asked.splice(0)[0].give(encoded(0));
  await arrived();
  return at;
}
async function pointAt(row: number | null) {
  at.hover = row === null ? null : { row };
  await arrived();
}
afterEach(() => at.stop());

test("an instance that is pointed at no longer does not come back as a row", async () => {
  const { rows, asked } = await opened();
  await pointAt(7);
  await pointAt(null);
  asked[0].give(encoded(0.5));
  await arrived();
  expect(rows.pointed).toBe(null);
});

test("an instance known already stays, whatever was pointed at between", async () => {
  const { rows, asked } = await opened();
  await pointAt(7);
  asked[0].give(encoded(0.5));
  await arrived();
  await pointAt(8);
  await pointAt(7);
  asked[1].give(encoded(0.75));
  await arrived();
  expect([rows.pointed?.row, [...(rows.pointed?.values ?? [])]]).toEqual([7, [0.5]]);
});

test("another card of the same data asks for nothing", async () => {
  const { asked } = await opened();
  at.info = { version: 1 };
  await arrived();
  expect(asked).toEqual([]);
});
