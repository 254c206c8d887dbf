// Do the groups of an audit keep to what was pinned, held and asked last, in whatever order the answers come?
import { expect, test } from "vitest";
import type { Context } from "../../runtime/view";
import type { Case } from "../../runtime/case.svelte";
import type { Group } from "./answers";
import { Audit } from "./audit.svelte";

const measured = (size: number[]) => ({ size, metrics: {} });
const card = (name: string): Group => ({ name, spec: { values: { name: [0] } }, size: 0, cells: null, rates: {}, spread: null });
type Args = { threshold?: number | null; group?: { name: string } };

/** An audit whose answers come when the test says so; a group's size tells the threshold it was counted with. */
function at() {
  const waiting: { name: string; args: Args; give: () => void }[] = [];
  const picked: string[] = [];
  const answers: Record<string, (args: Args) => unknown> = {
    setup: () => ({ why: null, model: "m", metrics: [], chosen: [], features: [], by: [], min_size: 0 }),
    groups: ({ threshold }) => ({ groups: { ...measured([]), name: [], spec: [] }, all: measured([100 * (threshold ?? 0)]) }),
    group: ({ threshold, group }) => ({ ...measured([100 * (threshold ?? 0)]), name: group!.name, tree: { group } }),
    leaks: () => [{ feature: "age" }],
  };
  const study = {
    host: {
      call: (_: string, name: string, args: Args) =>
        new Promise((resolve) => waiting.push({ name, args, give: () => resolve(answers[name](args)) })),
    },
    picks: { filter: null, pickTree: (...[, , text]: unknown[]) => picked.push(text as string), drop: () => picked.push("") },
    say: (text: string) => {
      throw new Error(text);
    },
  };
  const audit = new Audit(study as unknown as Case, {} as Context, {});
  const pin = (name: string) => void audit.pin({ ...card(name), spec: { name } as never });
  const hold = (name: string) => audit.hold({ ...card(name), spec: { name } as never });
  /** Let the first answer come that this is true of. */
  const answer = async (name: string, is: (args: Args) => boolean = () => true) => {
    const place = waiting.findIndex((one) => one.name === name && is(one.args));
    if (place < 0) throw new Error(`nothing like it was asked: ${waiting.map((one) => one.name).join()}`);
    waiting.splice(place, 1)[0].give();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { audit, pin, hold, answer, picked, waiting };
}

test("a group that is pinned, held or let go while the ones before are counted anew stays so", async () => {
  const { audit, pin, hold, answer, picked } = at();
  pin("a");
  await answer("group");
  hold("c");
  void audit.count();
  await answer("groups");
  pin("b");
  hold("c");
  await answer("group", ({ group }) => group!.name === "b");
  await answer("group", ({ group }) => group!.name === "a");
  await answer("group", ({ group }) => group!.name === "c");
  expect([audit.pinned?.name, audit.held, audit.working]).toEqual(["b", null, false]);
  expect(picked).toEqual(["a", "b"]);
});

test("a pinned group's numbers of an older threshold do not come over those of the newer, but it is selected", async () => {
  const { audit, pin, answer, picked } = at();
  audit.threshold = 0.2;
  pin("a");
  audit.threshold = 0.5;
  void audit.count();
  await answer("groups");
  await answer("group", ({ threshold }) => threshold === 0.5);
  await answer("group", ({ threshold }) => threshold === 0.2);
  expect(audit.pinned?.size).toBe(50);
  expect(picked).toEqual(["a"]);
});

test("of two counts, two held groups and two looks for leaks the later asked stands", async () => {
  const { audit, answer, waiting } = at();
  audit.threshold = 0.2;
  void audit.count();
  audit.threshold = 0.5;
  void audit.count();
  await answer("groups", ({ threshold }) => threshold === 0.5);
  await answer("groups", ({ threshold }) => threshold === 0.2);
  expect(audit.all?.size).toBe(50);
  void audit.holdOther({ name: "a" } as never);
  void audit.holdOther({ name: "b" } as never);
  await answer("group", ({ group }) => group!.name === "b");
  await answer("group", ({ group }) => group!.name === "a");
  expect(audit.held?.name).toBe("b");
  audit.held = null;
  void audit.start();
  await answer("setup");
  await answer("groups");
  void audit.start();
  await answer("leaks");
  expect(audit.leaks).toEqual([]);
  await answer("setup");
  await answer("groups");
  await answer("leaks");
  expect(audit.leaks).toEqual([{ feature: "age" }]);
  expect(waiting).toEqual([]);
});
