// Two numbers for every mark: all that is shown, and the part of it that is picked.
import { makeClient, type MosaicClient, type Selection } from "@uwdata/mosaic-core";
import type { FilterExpr, Query } from "@uwdata/mosaic-sql";
import type { Table } from "@uwdata/flechette";
import type { Case } from "./case.svelte";

export interface Watch {
  /** Ask again, after the view's own settings changed. */
  again(): void;
  stop(): void;
}

interface Options<T> {
  case: Case;
  selection: Selection;
  query: (filter: FilterExpr) => Query;
  read: (table: Table) => T;
  result: (value: T) => void;
  failed?: (error: Error) => void;
  /** False where filtering changes which groups there are in a way pre-aggregates cannot follow. */
  stable?: boolean;
}

/** Ask one question of a selection, now and whenever it or the data changes. */
export function watch<T>({ case: study, selection, query, read, result, failed, stable = true }: Options<T>): Watch {
  let stopped = false;
  const { rename } = study;
  const client: MosaicClient = makeClient({
    coordinator: study.coordinator,
    selection,
    filterStable: stable,
    query: (rename ? (filter: FilterExpr) => rename(query(filter), filter) : query) as never,
    queryResult: (data) => {
      if (!stopped) result(read(data as Table));
    },
    queryError: (error) => {
      if (!stopped) failed?.(error);
    },
  });
  return {
    again: () => void client.requestQuery(),
    stop: () => {
      stopped = true;
      client.destroy();
    },
  };
}

interface BothOptions<T> {
  case: Case;
  query: (filter: FilterExpr) => Query;
  read: (table: Table) => T;
  shown: (value: T) => void;
  picked: (value: T) => void;
  failed?: (error: Error) => void;
}

/** The same question of what is shown and of what is picked. */
export function watchBoth<T>({ case: study, query, read, shown, picked, failed }: BothOptions<T>): Watch {
  const all = watch({ case: study, selection: study.picks.shown, query, read, result: shown, failed });
  const some = watch({ case: study, selection: study.picks.picked, query, read, result: picked, failed });
  return {
    again: () => {
      all.again();
      some.again();
    },
    stop: () => {
      all.stop();
      some.stop();
    },
  };
}
