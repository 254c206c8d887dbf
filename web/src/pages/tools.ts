// What a view in plain JavaScript gets beside the case, so that it needs no build: questions to ask, and how numbers are written.
import * as M from "@uwdata/mosaic-sql";
import * as format from "../runtime/format";
import { watch, watchBoth } from "../runtime/watch";

const { Query, column, literal, sql, and, or, not, eq, neq, lt, lte, gt, gte, isNull, isNotNull, asc, desc } = M;
const { count, sum, avg, min, max, median, stddev, floor, cast, float64 } = M;

export const tools = {
  /** mosaic-sql: queries are built of these and never of text. */
  sql: {
    Query, column, literal, sql, and, or, not, eq, neq, lt, lte, gt, gte, isNull, isNotNull, asc, desc, count, sum, avg, min, max, median,
    stddev, floor, cast, float64,
  }, // prettier-ignore
  /** Ask a question of what is shown, now and whenever it changes. */
  watch,
  /** The same question of what is shown and of what is picked. */
  watchBoth,
  /** Numbers as all views write them. */
  format: {
    count: format.count,
    number: format.number,
    share: format.share,
    probability: format.probability,
    plural: format.plural,
  },
};
