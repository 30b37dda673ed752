import { z } from "zod";
import { SessionError } from "../../../base/errors.ts";
import type { Broker } from "./broker.ts";
import type { BrokerNames } from "./names.ts";

/** First and last of numbers in a row. */
export type Range = readonly [from: number, to: number];

/** What a publisher leaves when its source has ended. */
export interface PublisherEnd {
  /** Ids of the blocks that it sent. */
  readonly sent: readonly Range[];
  /** What its source counted of orbits in no block: "dropped.late". */
  readonly counts: Readonly<Record<string, number>>;
}

const ranges = z.array(z.tuple([z.int().min(0), z.int().min(0)]));
const endSchema = z.strictObject({ sent: ranges, counts: z.record(z.string(), z.int().min(0)) });

/** Numbers as ranges, which take little room where there are few gaps. */
export function rangesOf(numbers: Iterable<number>): Range[] {
  const found: [number, number][] = [];
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const last = found[found.length - 1];
    if (last !== undefined && n <= last[1] + 1) last[1] = n;
    else found.push([n, n]);
  }
  return found;
}

/** The numbers of ranges. */
export function* numbersIn(list: readonly Range[]): Generator<number> {
  for (const [from, to] of list) for (let n = from; n <= to; n++) yield n;
}

/** Tells publishers which blocks are done, so that one that starts anew leaves them out. */
export async function tellDone(broker: Broker, names: BrokerNames, done: Iterable<number>) {
  await putJson(broker, names, { subject: names.done, value: rangesOf(done) });
}

/** Ids of the blocks that are done. */
export async function readDone(broker: Broker, names: BrokerNames): Promise<number[]> {
  return [...numbersIn((await getJson(broker, names, names.done, ranges)) ?? [])];
}

/** Says that a source has ended; the same publisher again replaces what it said. */
export async function tellEnd(
  broker: Broker,
  names: BrokerNames,
  { publisher, ...end }: PublisherEnd & { readonly publisher: string },
): Promise<void> {
  await putJson(broker, names, { subject: names.end(publisher), value: end });
}

/** What those said whose source has ended. */
export async function readEnds(broker: Broker, names: BrokerNames): Promise<PublisherEnd[]> {
  const subjects = await broker.subjectsIn(names.store, names.end("*"));
  const ends = subjects.map((subject) => getJson(broker, names, subject, endSchema));
  return (await Promise.all(ends)).filter((end) => end !== null);
}

async function putJson(
  broker: Broker,
  { store }: BrokerNames,
  { subject, value }: { readonly subject: string; readonly value: unknown },
): Promise<void> {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  await broker.publish({ stream: store, subject, bytes, id: crypto.randomUUID() });
}

async function getJson<T>(
  broker: Broker,
  { store }: BrokerNames,
  subject: string,
  schema: z.ZodType<T>,
): Promise<T | null> {
  const bytes = await broker.latest(store, subject);
  if (bytes === null) return null;
  const read = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!read.success)
    throw new SessionError(`broker: ${subject} is not ours; is another program using the name?`);
  return read.data;
}
