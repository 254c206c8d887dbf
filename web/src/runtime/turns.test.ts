// Do only the latest answers count, and is queued work done in order?
import { expect, test } from "vitest";
import { Latest, Queue } from "./turns";

test("only the latest question's answer counts, and none after forgetting", () => {
  const latest = new Latest();
  const [first, second] = [latest.begin(), latest.begin()];
  expect([first(), second()]).toEqual([false, true]);
  latest.forget();
  expect(second()).toBe(false);
});

test("queued work is done in order, also after a failure", async () => {
  const queue = new Queue();
  const done: number[] = [];
  const work = (i: number, wait: number) => async () => {
    await new Promise((resolve) => setTimeout(resolve, wait));
    done.push(i);
    if (i === 2) throw new Error("no");
    return i;
  };
  const all = await Promise.allSettled([queue.do(work(1, 20)), queue.do(work(2, 0)), queue.do(work(3, 0))]);
  expect(done).toEqual([1, 2, 3]);
  expect(all.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});
