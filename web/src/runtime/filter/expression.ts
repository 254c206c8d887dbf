// Which mosaic-sql expression selects what a filter means?
//
// A condition of a filter is true or not true: a comparison with a missing value is not, and `not` gives exactly the rest.

import * as M from "@uwdata/mosaic-sql";
import type { Columns, ColumnType } from "./columns";
import { FilterError, quoted, unknown } from "./nearest";
import { PICK_NAME, type Comparison, type Tree } from "./tree";

type Expression = M.ExprNode;

const OPERATORS: Record<Comparison, (a: Expression, b: Expression) => Expression> = {
  "=": M.eq,
  "!=": M.neq,
  "<": M.lt,
  "<=": M.lte,
  ">": M.gt,
  ">=": M.gte,
};

/**
 * The expression for a Mosaic clause; texts become literals and names become references, nothing is pasted.
 *
 * @param tree any tree, even one that was not checked: a malformed one throws FilterError
 * @param columns what the columns hold
 * @param subsets the server's table of each subset, by name
 */
export function toExpression(tree: Tree, columns: Columns, subsets: ReadonlyMap<string, string> = new Map()): Expression {
  switch (tree.op) {
    case "and":
    case "or": {
      const terms = tree.terms.map((term) => toExpression(term, columns, subsets));
      if (terms.length === 0) return M.literal(tree.op === "and");
      return tree.op === "and" ? M.and(...terms) : M.or(...terms);
    }
    case "not":
      return new M.UnaryPostfixOpNode("IS NOT TRUE", toExpression(tree.term, columns, subsets));
    case "subset": {
      const table = subsets.get(tree.name);
      if (table === undefined) throw new FilterError(unknown("subset", tree.name, [...subsets.keys()]));
      return inTable(table);
    }
    case "pick":
      if (!PICK_NAME.test(tree.name)) throw new FilterError("a pick is named like 'pick_3'");
      return inTable(tree.name);
    default:
      return condition(tree, columns);
  }
}

/** The number of the bin a value falls in, clamped to 0 … bins − 1, or NULL; the server counts with the same arithmetic. */
export function binNumber(column: string, low: number, step: number, bins: number, isTime = false): Expression {
  const reference = M.column(column);
  const value = M.float64(isTime ? M.epoch_ms(reference) : reference);
  const number = M.floor(M.div(M.sub(value, M.float64(literal(low))), M.float64(literal(step))));
  const clamped = M.least(M.greatest(number, literal(0)), literal(bins - 1));
  return M.cond(M.isNotNull(reference), clamped); // greatest(NULL, 0) is 0
}

type Condition = Exclude<Tree, { op: "and" | "or" | "not" | "subset" | "pick" }>;

function condition(tree: Condition, columns: Columns): Expression {
  const type = typeOf(tree.column, columns);
  const column = M.column(tree.column);
  switch (tree.op) {
    case "compare": {
      const operator = Object.hasOwn(OPERATORS, tree.is) ? OPERATORS[tree.is] : undefined;
      if (!operator) throw new FilterError(`${quoted(String(tree.is))} is not a comparison`);
      if (!("other" in tree)) return operator(column, literal(tree.value));
      typeOf(tree.other, columns);
      return operator(column, M.column(tree.other));
    }
    case "in":
      return M.isIn(column, tree.values.map(literal));
    case "between":
      return M.isBetween(column, [literal(tree.low), literal(tree.high)]);
    case "contains":
      if (type.kind === "list") return M.listContains(column, literal(tree.text));
      return M.contains(M.lower(M.cast(column, "VARCHAR")), M.lower(literal(tree.text)));
    case "starts":
      return M.prefix(M.lower(M.cast(column, "VARCHAR")), M.lower(literal(tree.text)));
    case "null":
      return M.isNull(column);
    case "truth":
      return column;
    case "bin": {
      const number = binNumber(tree.column, tree.low, tree.step, tree.bins, type.kind === "time");
      return M.isBetween(number, [literal(tree.first), literal(tree.last)]);
    }
    default:
      throw new FilterError(`not a filter: ${JSON.stringify(tree).slice(0, 80)}`);
  }
}

function typeOf(column: string, columns: Columns): ColumnType {
  const type = columns.get(column);
  if (type === undefined) throw new FilterError(unknown("column", String(column), [...columns.keys()]));
  return type;
}

function inTable(table: string): Expression {
  return new M.InOpNode(M.column("row"), new M.ScalarSubqueryNode(M.Query.from(table).select("row")));
}

/** mosaic-sql pastes any other object as it is into SQL, so that only these three may pass. */
function literal(value: unknown): Expression {
  if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") {
    throw new FilterError(`${String(value)} is not a value a filter can hold`);
  }
  return M.literal(value);
}
