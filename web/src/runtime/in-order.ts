// Answers in the order they were asked, so that no view ever paints an older result over a newer one.
import type { Connector } from "@uwdata/mosaic-core";

/** The same connector, each answer held back until those before it have arrived (or failed). */
export function inOrder(connector: Connector): Connector {
  let before: Promise<unknown> = Promise.resolve();
  const query = (request: { type: string; sql: string }) => {
    const asked = connector.query(request as never) as Promise<unknown>;
    const mine = before.then(() => asked);
    before = mine.catch(() => undefined);
    return mine;
  };
  return { query } as unknown as Connector;
}
