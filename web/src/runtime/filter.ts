// How does `label = 'Shirt' and confidence < .5` become a Mosaic clause, and a sentence again?
//
// The twin of the Python room `underglass.filters`: same grammar, same trees, same messages, same positions; both read
// tests/filters/fixtures.json. Nothing a person typed reaches SQL but as a literal or a column of mosaic-sql.

export { FilterError, nearest, unknown } from "./filter/nearest";
export { columnTypes, type Column, type ColumnKind, type Columns, type ColumnType } from "./filter/columns";
export { parse, type ParseOptions } from "./filter/grammar";
export { check, EVERYTHING, subsetsNamed, toText, writeName, writeNumber, writeValue } from "./filter/writing";
export { binNumber, toExpression } from "./filter/expression";
export type { Comparison, Tree, Value } from "./filter/tree";
