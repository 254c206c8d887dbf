import { expect, test } from "vitest";
import type { Kind } from "./answers";
import { boxOf, changed, done, redone, renamed, undone, withActive, withGroup, withHidden, withoutGroup } from "./changes";

const kind = (type: string, kind: Kind["kind"] = "layer"): Kind => ({
  type,
  alias: type,
  colour: "#000000",
  texture: null,
  count: 1,
  kind,
});
const STEM = { name: "Stem", first: "a", last: "b" };

test("settings that are as they would be anyway are left out, but hiding nothing is kept", () => {
  expect(changed({ depth: 2, palette: "hues" }, { depth: null, aliases: {} })).toEqual({ palette: "hues" });
  expect(changed({}, { hide: [] })).toEqual({ hide: [] });
});

test("types are hidden and drawn from what is hidden now", () => {
  const kinds = [kind("Conv2d"), kind("ReLU", "hidden")];
  expect(withHidden({}, kinds, "Conv2d", true)).toEqual({ hide: ["ReLU", "Conv2d"] });
  expect(withHidden({}, kinds, "ReLU", false)).toEqual({ hide: [] });
  expect(withHidden({}, kinds, "ReLU", true)).toEqual({});
  expect(withHidden({ hide: ["Conv2d"] }, kinds, "Conv2d", true)).toEqual({ hide: ["Conv2d"] });
});

test("a group is renamed with its colour, a type gets another name", () => {
  const settings = { groups: [STEM], colours: { Stem: "#112233" } };
  expect(renamed(settings, kind("Stem", "group"), " Start ")).toEqual({
    groups: [{ ...STEM, name: "Start" }],
    colours: { Start: "#112233" },
  });
  expect(renamed({}, kind("Conv2d"), "Convolution")).toEqual({ aliases: { Conv2d: "Convolution" } });
  expect(renamed({ aliases: { Conv2d: "C" } }, { ...kind("Conv2d"), alias: "C" }, "Conv2d")).toEqual({});
});

test("groups are opened, closed and taken away", () => {
  const one = withGroup({}, STEM);
  expect(withActive(one, "Stem", false).groups).toEqual([{ ...STEM, active: false }]);
  expect(withActive(withActive(one, "Stem", false), "Stem", true).groups).toEqual([{ ...STEM, active: true }]);
  expect(withoutGroup(one, "Stem")).toEqual({});
});

test("undo and redo walk the same way back and forth", () => {
  const first = done({ past: [], future: [] }, {});
  const back = undone(first, { depth: 1 });
  expect(back?.settings).toEqual({});
  expect(redone(back!.history, {})).toEqual({ history: first, settings: { depth: 1 } });
  expect(undone({ past: [], future: [] }, {})).toBeNull();
});

test("a box holds all points", () => {
  expect(boxOf("1,2 5,0.5 3,9")).toEqual([1, 0.5, 5, 9]);
});
