import { expect, test } from "vitest";
import { read, write, type PageState } from "./address";

const STATE: PageState = {
  view: "patterns",
  props: { layer: "conv2", settings: { min_size: 5 } },
  filter: "label = 'Shirt' and confidence < .5",
  picks: [
    { tree: { op: "compare", column: "label", is: "=", value: "<img onerror>" }, text: "label <img onerror>", pinned: true },
  ],
  row: 0,
  layer: "conv2",
};

test("what is written is read back", () => {
  expect(read(write(STATE))).toEqual(STATE);
});

test("an address that is not ours opens the overview", () => {
  expect(read("")).toEqual({ view: "overview", props: {}, filter: null, picks: [], row: null, layer: null });
  expect(read("#overview?picks={broken&row=x")).toMatchObject({ picks: [], row: null });
  expect(read('#overview?picks=[{"tree":1},null]').picks).toEqual([]);
  expect(read("#%E0%A4%A?row=3")).toMatchObject({ view: "%E0%A4%A", row: 3 });
});
