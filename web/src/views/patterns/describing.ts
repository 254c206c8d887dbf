// Which numbers are drawn? Read back from the marks of the view, for screen readers and for tests.

const number = (text: string | undefined) => (text === undefined || text === "" ? null : Number(text));
const every = <T extends Element>(view: Element | undefined, selector: string) => [
  ...(view?.querySelectorAll<T & HTMLElement>(selector) ?? []),
];

/** Rows, bar, strip of layers, cells of the label table, and stops of the follow-through. */
export function drawnIn(view: HTMLElement | undefined) {
  return {
    rows: every(view, '[role="row"][data-pattern]').map((row) => ({
      pattern: Number(row.dataset.pattern),
      n: Number(row.dataset.n),
      selected: number(row.dataset.picked),
      picked: row.dataset.selected === "true",
      pinned: row.dataset.pinned === "true",
      labels: every(row, ".bars svg:first-of-type [data-value]").map((bar) => [
        bar.dataset.value,
        Number(bar.dataset.n),
        number(bar.dataset.picked),
      ]),
      correct: number(every(row, "[data-correct]")[0]?.dataset.correct),
      judged: number(every(row, "[data-judged]")[0]?.dataset.judged),
      units: number(every(row, "[data-units]")[0]?.dataset.units),
      instances: every(row, "[data-row]").map((tile) => Number(tile.dataset.row)),
    })),
    bar: every(view, ".scale [data-pattern]").map((piece) => [
      Number(piece.dataset.pattern),
      Number(piece.dataset.n),
      number(piece.dataset.picked),
    ]),
    layers: every(view, "button[data-layer]").map((box) => [
      box.dataset.layer,
      number(box.dataset.patterns),
      number(box.dataset.none),
    ]),
    cells: every(view, "[data-cell]").map((cell) => [cell.dataset.cell, Number(cell.dataset.n), number(cell.dataset.picked)]),
    followed: every(view, "[data-followed]").map((one) => [
      one.dataset.followed,
      Number(one.dataset.pattern),
      Number(one.dataset.picked),
      Number(one.dataset.n),
    ]),
    compared: every(view, "[data-compared]").map((one) => [
      one.dataset.compared,
      Number(one.dataset.patternCompared),
      Number(one.dataset.n),
    ]),
    folded: number(every(view, "[data-folded]")[0]?.dataset.folded),
    sentence: view?.querySelector(".sentence, .finding")?.textContent ?? "",
  };
}
