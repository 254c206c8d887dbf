// Which classes a confusion matrix draws when there are too many, and the counts of its cells.

export interface Cell {
  label: string | null;
  prediction: string | null;
  n: number;
}

export const MOST = 20;

/** The classes to draw: all of them up to `most`, else those in most errors, in the case's own order. */
export function drawnClasses(classes: readonly string[], cells: readonly Cell[], most = MOST): string[] {
  if (classes.length <= most) return [...classes];
  const errors = new Map<string, number>();
  const add = (name: string | null, n: number) => name !== null && errors.set(name, (errors.get(name) ?? 0) + n);
  for (const { label, prediction, n } of cells) {
    if (label === prediction) add(label, n * 1e-6);
    else {
      add(label, n);
      add(prediction, n);
    }
  }
  const chosen = new Set(
    [...errors]
      .sort((a, b) => b[1] - a[1])
      .slice(0, most)
      .map(([name]) => name),
  );
  for (const name of classes) {
    if (chosen.size >= most) break;
    chosen.add(name);
  }
  return classes.filter((name) => chosen.has(name));
}

export interface Matrix {
  names: string[];
  /** [label][prediction] */
  cells: number[][];
  labels: number[];
  predictions: number[];
  n: number;
  wrong: number;
  judged: number;
}

/** Counts of the drawn classes; margins and totals are over all classes. */
export function matrixOf(names: string[], cells: readonly Cell[]): Matrix {
  const at = new Map(names.map((name, i) => [name, i]));
  const matrix: Matrix = {
    names,
    cells: names.map(() => names.map(() => 0)),
    labels: names.map(() => 0),
    predictions: names.map(() => 0),
    n: 0,
    wrong: 0,
    judged: 0,
  };
  for (const { label, prediction, n } of cells) {
    const row = label === null ? undefined : at.get(label);
    const column = prediction === null ? undefined : at.get(prediction);
    matrix.n += n;
    if (label !== null && prediction !== null) {
      matrix.judged += n;
      if (label !== prediction) matrix.wrong += n;
    }
    if (row !== undefined) matrix.labels[row] += n;
    if (column !== undefined) matrix.predictions[column] += n;
    if (row !== undefined && column !== undefined) matrix.cells[row][column] += n;
  }
  return matrix;
}

/** The class with most errors as a label, and how many. */
export function worst(cells: readonly Cell[]): [string, number] | null {
  const errors = new Map<string, number>();
  for (const { label, prediction, n } of cells) {
    if (label !== null && prediction !== null && label !== prediction) errors.set(label, (errors.get(label) ?? 0) + n);
  }
  return [...errors].sort((a, b) => b[1] - a[1])[0] ?? null;
}
