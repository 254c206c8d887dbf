// The questions of one brush in one request: a request costs a browser more time than a small query costs the server.
import { HostError } from "../runtime/host";

interface Asked {
  sql: string;
  answered: (answer: Uint8Array<ArrayBuffer>) => void;
  failed: (error: unknown) => void;
}
export type Send = (queries: string[]) => Promise<Response>;

const HEAD = 24;
const MOST = 64;

/** The message of a refused request, from its JSON. */
export function refusal(text: string, status: number): HostError {
  try {
    const { error, details } = JSON.parse(text) as { error?: string; details?: string };
    return new HostError(error ?? text, status, details ?? null);
  } catch {
    return new HostError(text || `the server answered ${status}`, status);
  }
}

/** Ask queries that come in the same turn together; each is answered as soon as its part has come. */
export function batching(send: Send): (sql: string) => Promise<Uint8Array<ArrayBuffer>> {
  let waiting: Asked[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    while (waiting.length) void ask(send, waiting.splice(0, MOST));
  };
  return (sql) =>
    new Promise((answered, failed) => {
      if (!waiting.length) port2.postMessage(null);
      waiting.push({ sql, answered, failed });
    });
}

async function ask(send: Send, asked: Asked[]): Promise<void> {
  const open = new Set(asked);
  try {
    const reader = (await send(asked.map((one) => one.sql))).body!.getReader();
    let held = new Uint8Array(0);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      held = held.length ? joined(held, value) : value;
      for (;;) {
        const part = firstPart(held);
        if (!part) break;
        held = held.subarray(part.length);
        const one = asked[part.number];
        open.delete(one);
        if (part.status === 200) one.answered(part.body);
        else one.failed(refusal(new TextDecoder().decode(part.body), part.status));
      }
    }
    if (open.size) throw new HostError("The connection to the server broke before it had answered.");
  } catch (error) {
    for (const one of open) one.failed(error);
  }
}

function firstPart(held: Uint8Array<ArrayBuffer>) {
  if (held.length < HEAD) return null;
  const head = new DataView(held.buffer, held.byteOffset, HEAD);
  const length = HEAD + Number(head.getBigUint64(16, true));
  if (held.length < length) return null;
  // a copy: the values of an Arrow stream are aligned to where it begins
  return { number: head.getUint32(0, true), status: head.getUint32(4, true), length, body: held.slice(HEAD, length) };
}

function joined(a: Uint8Array<ArrayBuffer>, b: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
