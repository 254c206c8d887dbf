// The numbers the subgroups view has drawn, read back from its marks.
import type { Audit } from "./audit.svelte";

const value = (text: string | undefined) => (text === undefined || text === "" ? null : Number(text));

function each(root: ParentNode | undefined, selector: string): DOMStringMap[] {
  return [...(root?.querySelectorAll<HTMLElement | SVGElement>(selector) ?? [])].map((mark) => mark.dataset);
}

export function describeDrawn(root: HTMLElement | undefined, audit: Audit) {
  const strips = [...(root?.querySelectorAll<SVGGElement>("svg g[data-metric]") ?? [])].map((strip) => ({
    metric: strip.dataset.metric,
    all: value(strip.dataset.all),
    without: value(strip.querySelector<SVGElement>("[data-without]")?.dataset.without) ?? 0,
    groups: each(strip, "line.mark").map((mark) => ({
      name: mark.group,
      size: value(mark.size),
      value: value(mark.value),
      low: value(mark.low),
      high: value(mark.high),
      count: value(mark.count),
      of: value(mark.of),
    })),
    sides: each(strip, "g[data-side]").map((side) => ({
      side: side.side,
      name: side.group,
      value: value(side.value),
      low: value(side.low),
      high: value(side.high),
    })),
  }));
  // The comparison may stand in the host's side panel, outside the view's own element.
  const compare = document.querySelector<HTMLElement>("section.compare") ?? undefined;
  return {
    strips,
    pinned: audit.pinned?.name ?? null,
    hovered: audit.hovered?.name ?? null,
    features: [...(root?.querySelectorAll<HTMLElement>("[data-feature]") ?? [])].map((feature) => ({
      name: feature.dataset.feature,
      values: each(feature, "li[data-value]").map((row) => ({
        value: row.value,
        n: value(row.n),
        pinned: value(row.pinned),
        hovered: value(row.hovered),
      })),
      leak: feature.querySelector(".leak")?.textContent?.trim() ?? null,
    })),
    pair: [compare?.dataset.first || null, compare?.dataset.second || null],
    compared: each(compare, "tr[data-metric]").map((row) => ({
      metric: row.metric,
      a: value(row.a),
      b: value(row.b),
      gap: value(row.gap),
      low: value(row.low),
      high: value(row.high),
    })),
    outcomes: each(compare, "[data-outcome]").map((part) => ({
      side: value(part.side),
      outcome: part.outcome,
      n: value(part.n),
    })),
    small: each(compare, "li[data-small]").map((row) => ({ name: row.small, n: value(row.n) })),
    cards: [...(root?.querySelectorAll<HTMLElement>("li[data-card]") ?? [])].map((mark) => ({
      name: mark.dataset.card,
      by: mark.dataset.by ?? null,
      size: value(mark.dataset.size),
      value: value(mark.dataset.value),
      delta: value(mark.dataset.delta),
      t: value(mark.dataset.t),
      q: value(mark.dataset.q),
      divergence: value(mark.dataset.divergence),
      traits: each(mark, "[data-trait]").map((trait) => ({
        feature: trait.trait,
        value: trait.value,
        share: value(trait.share),
        entropy: value(trait.entropy),
        contribution: value(trait.contribution),
      })),
    })),
    nodes: each(root, "li[data-node]").map((node) => ({
      size: value(node.size),
      value: value(node.value),
      depth: value(node.depth),
      leaf: node.leaf === "true",
    })),
    search: each(root, "[data-tested]").map((one) => ({ tested: value(one.tested), clear: value(one.clear) }))[0] ?? null,
    gaps: each(root, "tr[data-criterion]").map((row) => ({
      criterion: row.criterion,
      difference: value(row.difference),
      low: value(row.low),
      high: value(row.high),
      ratio: value(row.ratio),
    })),
    areas: each(root, "tr[data-area]").map((row) => ({
      name: row.area,
      auc: value(row.auc),
      precision: value(row.precision),
    })),
    models: each(root, "tr[data-group]").map((row) => ({
      name: row.group,
      a: value(row.a),
      b: value(row.b),
      gap: value(row.gap),
      low: value(row.low),
      high: value(row.high),
    })),
    enough: value(each(root, "[data-enough]")[0]?.enough),
    changed: value(each(root, "[data-changed]")[0]?.changed),
    sizes: each(root, "g[data-size][data-mean]").map((point) => ({
      curve: point.curve,
      size: value(point.size),
      mean: value(point.mean),
      low: value(point.low),
      high: value(point.high),
    })),
    threshold: audit.threshold ?? audit.setup?.threshold ?? null,
    working: audit.working,
  };
}
