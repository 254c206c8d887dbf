// How many instances, with which labels, and how many right, are in each pattern? The questions to SQL, and their answers read.
import {
  Query,
  asc,
  column,
  cond,
  count as countRows,
  desc,
  eq,
  gte,
  isNotNull,
  literal,
  lte,
  or,
  row_number,
  sql,
  type FilterExpr,
} from "@uwdata/mosaic-sql";
import type { Table } from "@uwdata/flechette";
import type { Columns } from "./answers";

/** The value of the pattern column for instances that were looked at and belong to no pattern. */
export const NONE = -1;

export interface Group {
  n: number;
  /** How many can be judged, and how many of these are right. */
  judged: number;
  correct: number;
  /** How many of each value of a column; null is no value. */
  values: Map<string | null, number>;
}

/** Groups by pattern; `null` holds the instances that were not clustered. */
export type Groups = Map<number | null, Group>;

/** Instances by pattern and by the value of another column (label, prediction). */
export function byValue(columns: Columns, other: string | null, judged: boolean, filter: FilterExpr): Query {
  const pattern = column(columns.pattern);
  const query = Query.from("instances")
    .select({
      pattern,
      ...(other ? { value: column(other) } : {}),
      n: countRows(),
      ...(judged
        ? {
            correct: countRows().where(eq(column("correct"), literal(true))),
            judged: countRows().where(isNotNull(column("correct"))),
          }
        : {}),
    })
    .where(filter);
  return other ? query.groupby(pattern, column(other)) : query.groupby(pattern);
}

export function readGroups(table: Table): Groups {
  const groups: Groups = new Map();
  for (const row of table.toArray() as Record<string, unknown>[]) {
    const key = row.pattern == null ? null : Number(row.pattern);
    const group = groups.get(key) ?? { n: 0, judged: 0, correct: 0, values: new Map() };
    const n = Number(row.n);
    group.n += n;
    group.judged += Number(row.judged ?? 0);
    group.correct += Number(row.correct ?? 0);
    if ("value" in row) {
      const value = row.value == null ? null : String(row.value);
      group.values.set(value, (group.values.get(value) ?? 0) + n);
    }
    groups.set(key, group);
  }
  return groups;
}

export interface Totals {
  /** All that are shown. */
  all: number;
  /** Those that were clustered, those in a pattern, those in none. */
  clustered: number;
  inside: number;
  none: number;
  judged: number;
  correct: number;
}

export function totals(groups: Groups): Totals {
  const sum: Totals = { all: 0, clustered: 0, inside: 0, none: 0, judged: 0, correct: 0 };
  for (const [pattern, { n, judged, correct }] of groups) {
    sum.all += n;
    if (pattern === null) continue;
    sum.clustered += n;
    if (pattern === NONE) sum.none += n;
    else sum.inside += n;
    sum.judged += judged;
    sum.correct += correct;
  }
  return sum;
}

/** Stability of the members in ten bins of a tenth, by pattern. */
export function byStability(columns: Columns, filter: FilterExpr): Query {
  const pattern = column(columns.pattern);
  const bin = sql`LEAST(9, FLOOR(10 * ${column(columns.stability)}))::INTEGER`;
  return Query.from("instances").select({ pattern, bin, n: countRows() }).where(filter, gte(pattern, 0)).groupby(pattern, bin);
}

export function readStability(table: Table): Map<number, number[]> {
  const bins = new Map<number, number[]>();
  for (const row of table.toArray() as Record<string, unknown>[]) {
    const pattern = Number(row.pattern);
    const counts = bins.get(pattern) ?? new Array<number>(10).fill(0);
    counts[Number(row.bin)] += Number(row.n);
    bins.set(pattern, counts);
  }
  return bins;
}

/** One instance of a pattern, as its tile and tooltip need it. */
export interface Member {
  row: number;
  id: string;
  pattern: number;
  label: string | null;
  prediction: string | null;
  confidence: number | null;
  wrong: boolean;
  stability: number;
  outlier: number;
  first: number;
  last: number;
}

/**
 * The `k` most and `l` least typical members of every pattern (or of the one named); of no pattern, the most and least outlying.
 */
export function members(
  columns: Columns,
  known: (name: string) => boolean,
  k: number,
  l: number,
  filter: FilterExpr,
  only?: number,
): Query {
  const pattern = column(columns.pattern);
  const rank = cond(gte(pattern, 0), column(columns.stability), column(columns.outlier));
  const optional = Object.fromEntries(
    ["label", "prediction", "confidence", "correct"].filter(known).map((name) => [name, column(name)]),
  );
  const ranked = Query.from("instances")
    .select({
      row: column("row"),
      id: column("id"),
      pattern,
      ...optional,
      stability: column(columns.stability),
      outlier: column(columns.outlier),
      first: row_number()
        .partitionby(pattern)
        .orderby(desc(rank), asc(column("row"))),
      last: row_number()
        .partitionby(pattern)
        .orderby(asc(rank), desc(column("row"))),
    })
    .where(filter, only === undefined ? isNotNull(pattern) : eq(pattern, only));
  return Query.from({ ranked })
    .select("*")
    .where(or(lte(column("first"), k), lte(column("last"), l)))
    .orderby(asc(column("pattern")), asc(column("first")));
}

export function readMembers(table: Table): Member[] {
  return (table.toArray() as Record<string, unknown>[]).map((row) => ({
    row: Number(row.row),
    id: String(row.id),
    pattern: Number(row.pattern),
    label: row.label == null ? null : String(row.label),
    prediction: row.prediction == null ? null : String(row.prediction),
    confidence: row.confidence == null ? null : Number(row.confidence),
    wrong: row.correct === false,
    stability: Number(row.stability ?? 0),
    outlier: Number(row.outlier ?? 0),
    first: Number(row.first ?? 0),
    last: Number(row.last ?? 0),
  }));
}
