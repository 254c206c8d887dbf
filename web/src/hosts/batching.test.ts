// Do questions of one turn travel together, and does each get its own answer however the stream is cut?
import { describe, expect, it } from "vitest";
import { HostError } from "../runtime/host";
import { batching } from "./batching";

function part(number: number, status: number, text: string): Uint8Array<ArrayBuffer> {
  const body = new TextEncoder().encode(text);
  const bytes = new Uint8Array(24 + body.length);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, number, true);
  head.setUint32(4, status, true);
  head.setBigUint64(8, 7n, true);
  head.setBigUint64(16, BigInt(body.length), true);
  bytes.set(body, 24);
  return bytes;
}

function cut(parts: Uint8Array<ArrayBuffer>[], size: number): Response {
  const all = new Uint8Array(parts.flatMap((one) => [...one]));
  const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    }),
  );
}
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

describe("batching", () => {
  for (const size of [1, 7, 24, 1000])
    it(`answers each question its own, out of order, in pieces of ${size} bytes`, async () => {
      const sent: string[][] = [];
      const query = batching(async (queries) => {
        sent.push(queries);
        return cut([part(1, 200, "second"), part(0, 200, "first"), part(2, 200, "")], size);
      });

      const answers = await Promise.all([query("a"), query("b"), query("c")]);

      expect(answers.map(text)).toEqual(["first", "second", ""]);
      expect(sent).toEqual([["a", "b", "c"]]);
    });

  it("fails a refused question alone", async () => {
    const query = batching(async () => cut([part(0, 400, '{"error":"no such column"}'), part(1, 200, "fine")], 9));

    const [wrong, right] = await Promise.allSettled([query("a"), query("b")]);

    expect(wrong).toMatchObject({ status: "rejected", reason: new HostError("no such column", 400) });
    expect(right).toMatchObject({ status: "fulfilled" });
  });

  it("fails what was not answered when the connection breaks, or cannot be made", async () => {
    const broken = batching(async () => cut([part(0, 200, "first")], 1000));
    const [first, second] = await Promise.allSettled([broken("a"), broken("b")]);
    expect(first.status).toBe("fulfilled");
    expect(second).toMatchObject({ reason: { message: "The connection to the server broke before it had answered." } });

    const away = batching(() => Promise.reject(new HostError("away")));
    await expect(away("a")).rejects.toThrow("away");
  });

  it("asks many in requests of at most 64", async () => {
    const sizes: number[] = [];
    const query = batching(async (queries) => {
      sizes.push(queries.length);
      return cut(
        queries.map((_, i) => part(i, 200, `${i}`)),
        4096,
      );
    });

    await Promise.all(Array.from({ length: 130 }, (_, i) => query(`${i}`)));

    expect(sizes).toEqual([64, 64, 2]);
  });
});
