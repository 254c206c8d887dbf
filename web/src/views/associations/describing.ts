// The numbers the associations view has drawn, read back from its marks.
const text = (element: Element | null | undefined) => element?.textContent?.replace(/\s+/g, " ").trim() ?? "";
const value = (told: string | undefined) => (told === undefined || told === "" ? null : Number(told));

export function describeDrawn(root: HTMLElement | undefined, labels: string[]) {
  const all = <E extends Element = HTMLElement>(selector: string) => [...(root?.querySelectorAll<E>(selector) ?? [])];
  return {
    sentence: text(root?.querySelector(".sentence")),
    rows: all("[data-label]").map((row) => ({
      label: text(row.querySelector(".label")),
      counts: [...row.querySelectorAll<HTMLElement>("[data-count]")].map((one) => Number(one.dataset.count)),
      cells: [...row.querySelectorAll<HTMLElement>(".cell")].map((cell) =>
        [...cell.querySelectorAll<HTMLElement>(".line")].map((line) => ({
          value: value(line.dataset.value),
          low: value(line.dataset.low),
          high: value(line.dataset.high),
          why: line.dataset.why ?? "",
          bar: line.querySelector<HTMLElement>(".fill")?.style.width ?? "",
          with: text(line.querySelector(".with")),
        })),
      ),
      flagged: row.querySelector(".flag")?.getAttribute("aria-pressed") === "true",
    })),
    violins: all("[data-measure]").map((one) => ({
      measure: one.dataset.measure,
      bins: [...one.querySelectorAll<SVGElement>("rect.bin")].map((bin) => Number(bin.dataset.n)),
      none: [...one.querySelectorAll<SVGElement>("rect.none")].map((bucket) => Number(bucket.dataset.none)),
      noneWords: text(one.querySelector(".nulls")),
      brushed: one.querySelector(".brush") !== null,
    })),
    lines: all<SVGElement>("[data-line]").map((line) => ({
      label: labels[Number(line.dataset.line)],
      values: JSON.parse(line.dataset.values ?? "[]"),
    })),
  };
}
