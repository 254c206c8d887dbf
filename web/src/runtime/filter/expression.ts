// Which mosaic-sql expression selects what a filter means?
//
// A condition of a filter is true or not true: a comparison with a missing value is not, and `not` gives exactly the rest.

import * as M from '@uwdata/mosaic-sql';
import type { Columns, ColumnType } from './columns';
import { FilterError, unknown } from './nearest';
import type { Comparison, Tree, Value } from './tree';

const OPERATORS: Record<Comparison, (a: M.ExprNode, b: M.ExprNode) => M.ExprNode> = {
  '=': M.eq,
  '!=': M.neq,
  '<': M.lt,
  '<=': M.lte,
  '>': M.gt,
  '>=': M.gte,
};

/**
 * The expression for a Mosaic clause; texts become literals and columns become references, nothing is pasted.
 *
 * @param tree a tree from `parse` or `check`
 * @param columns what the columns hold
 * @param subsets the server's table of each subset, by name
 */
export function toExpression(tree: Tree, columns: Columns, subsets: ReadonlyMap<string, string> = new Map()): M.ExprNode {
  switch (tree.op) {
    case 'and':
    case 'or': {
      const terms = tree.terms.map((term) => toExpression(term, columns, subsets));
      if (terms.length === 0) return M.literal(true);
      return tree.op === 'and' ? M.and(...terms) : M.or(...terms);
    }
    case 'not':
      return new M.UnaryPostfixOpNode('IS NOT TRUE', toExpression(tree.term, columns, subsets));
    case 'subset': {
      const table = subsets.get(tree.name);
      if (table === undefined) throw new FilterError(unknown('subset', tree.name, [...subsets.keys()]));
      return inTable(table);
    }
    case 'pick':
      return inTable(tree.name);
    default:
      return condition(tree, columns);
  }
}

/** The number of the bin a value falls in, clamped to 0 … bins − 1; the server counts with the same arithmetic. */
export function binNumber(column: string, low: number, step: number, bins: number, isTime = false): M.ExprNode {
  const reference = M.column(column);
  const value = M.float64(isTime ? M.epoch_ms(reference) : reference);
  const number = M.floor(M.div(M.sub(value, M.float64(M.literal(low))), M.float64(M.literal(step))));
  return M.least(M.greatest(number, M.literal(0)), M.literal(bins - 1));
}

function inTable(table: string): M.ExprNode {
  return new M.InOpNode(M.column('row'), new M.ScalarSubqueryNode(M.Query.from(table).select('row')));
}

type Condition = Exclude<Tree, { op: 'and' | 'or' | 'not' | 'subset' | 'pick' }>;

function condition(tree: Condition, columns: Columns): M.ExprNode {
  const type = typeOf(tree.column, columns);
  const column = M.column(tree.column);
  const literal = (value: Value): M.ExprNode => literalOf(value, type);
  switch (tree.op) {
    case 'compare': {
      const operator = OPERATORS[tree.is];
      if (!('other' in tree)) return operator(column, literal(tree.value));
      return operator(asText(column, type), asText(M.column(tree.other), typeOf(tree.other, columns)));
    }
    case 'in':
      return M.isIn(column, tree.values.map(literal));
    case 'between':
      return M.isBetween(column, [literal(tree.low), literal(tree.high)]);
    case 'contains':
      if (type.kind === 'list') return M.listContains(column, M.literal(tree.text));
      return M.contains(M.lower(asText(column, type)), M.lower(M.literal(tree.text)));
    case 'starts':
      return M.prefix(M.lower(asText(column, type)), M.lower(M.literal(tree.text)));
    case 'null':
      return M.isNull(column);
    case 'truth':
      return column;
    case 'bin': {
      const number = binNumber(tree.column, tree.low, tree.step, tree.bins, type.kind === 'time');
      return M.isBetween(number, [M.literal(tree.first), M.literal(tree.last)]);
    }
  }
}

function typeOf(column: string, columns: Columns): ColumnType {
  const type = columns.get(column);
  if (type === undefined) throw new FilterError(unknown('column', column, [...columns.keys()]));
  return type;
}

/** Categories of two columns may be of different types; as texts they can be compared. */
function asText(column: M.ExprNode, type: ColumnType): M.ExprNode {
  return type.kind === 'category' ? M.cast(column, 'VARCHAR') : column;
}

function literalOf(value: Value, type: ColumnType): M.ExprNode {
  if (typeof value !== 'string') return M.literal(value);
  if (type.kind === 'integer') return M.literal(BigInt(value));
  if (type.kind === 'time') return M.cast(M.literal(value.replace('T', ' ').replace(/Z$/, '')), 'TIMESTAMP');
  return M.literal(value);
}
