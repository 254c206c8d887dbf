// Are labels marked and sorted as was asked last, in whatever order the answers come?
import { expect, test } from "vitest";
import type { Case } from "../../runtime/case.svelte";
import { Listing } from "./listing.svelte";
import { Reading } from "./reading.svelte";

type Args = { op?: "flag" | "hide"; labels?: number[]; on?: boolean; label?: number };

/** A case whose answers come when the test says so; marks are counted as the server does it, when it is asked. */
function at() {
  const waiting: { name: string; args: Args; give: () => void }[] = [];
  const flagged = new Set<number>();
  const answers: Record<string, (args: Args) => unknown> = {
    mark: ({ labels, on }) => {
      for (const label of labels!)
        if (on) flagged.add(label);
        else flagged.delete(label);
      return { summary: "" };
    },
    marks: () => ({ flagged: [...flagged], hidden: [] }),
    similar: ({ label }) => Float64Array.of(label!).buffer,
  };
  const study = {
    host: {
      call: (_: string, name: string, args: Args) => {
        const answer = answers[name](args);
        return new Promise((resolve) => waiting.push({ name, args, give: () => resolve(answer) }));
      },
    },
    refresh: () => Promise.resolve(),
    say: () => {},
  };
  const reading = new Reading(study as unknown as Case);
  const arrived = () => new Promise((resolve) => setTimeout(resolve));
  const answer = async (place: number) => {
    await arrived();
    waiting.splice(place, 1)[0].give();
    await arrived();
  };
  return { reading, flagged, waiting, answer };
}

test("a label flagged and at once again is not flagged", async () => {
  const { reading, flagged, waiting, answer } = at();
  void reading.toggle("flag", [3]);
  void reading.toggle("flag", [3]);
  for (const name of ["mark", "marks", "mark", "marks"]) {
    await new Promise((resolve) => setTimeout(resolve));
    expect(waiting.map((one) => one.name)).toEqual([name]);
    await answer(0);
  }
  expect([[...flagged], [...reading.flagged]]).toEqual([[], []]);
});

test("of several labels all are flagged, unless all are", async () => {
  const { reading, answer } = at();
  void reading.mark("flag", [1], true);
  void reading.toggle("flag", [1, 2]);
  for (let i = 0; i < 4; i += 1) await answer(0);
  expect([...reading.flagged]).toEqual([1, 2]);
  void reading.toggle("flag", [1, 2]);
  for (let i = 0; i < 2; i += 1) await answer(0);
  expect([...reading.flagged]).toEqual([]);
});

test("marks that were read before others do not come over them", async () => {
  const { reading, flagged, answer } = at();
  void reading.loadMarks();
  flagged.add(5);
  void reading.loadMarks();
  await answer(1);
  await answer(0);
  expect([...reading.flagged]).toEqual([5]);
});

test("likeness that is known late does not undo a newer order", async () => {
  const { reading, answer } = at();
  const list = new Listing(reading, {});
  void list.similarTo(1);
  list.sortBy("name");
  await answer(0);
  expect([list.likeness, list.sort]).toEqual([null, { key: "name", down: true }]);
  void list.similarTo(1);
  void list.similarTo(2);
  await answer(1);
  await answer(0);
  expect([list.likeness?.label, list.sort]).toEqual([2, { key: "likeness", down: true }]);
});
