import type { Connector } from "@uwdata/mosaic-core";
import { expect, test } from "vitest";
import { inOrder } from "./in-order";

test("a slow answer is not overtaken by the one asked after it", async () => {
  const answer: Record<string, (value: string) => void> = {};
  const connector = inOrder({
    query: ({ sql }: { sql: string }) => new Promise((resolve) => (answer[sql] = resolve)),
  } as unknown as Connector);
  const arrived: string[] = [];
  const ask = (sql: string) =>
    (connector.query({ type: "arrow", sql }) as Promise<unknown>).then((value) => arrived.push(String(value)));

  const all = [ask("first"), ask("second")];
  answer.second("new");
  await Promise.resolve();
  answer.first("old");
  await Promise.all(all);

  expect(arrived).toEqual(["old", "new"]);
});

test("a failed query does not hold back those after it", async () => {
  const connector = inOrder({
    query: ({ sql }: { sql: string }) => (sql === "bad" ? Promise.reject(new Error("no")) : Promise.resolve(sql)),
  } as unknown as Connector);

  const bad = connector.query({ type: "arrow", sql: "bad" }) as Promise<unknown>;
  const good = connector.query({ type: "arrow", sql: "good" }) as Promise<unknown>;

  await expect(bad).rejects.toThrow("no");
  await expect(good).resolves.toBe("good");
});
