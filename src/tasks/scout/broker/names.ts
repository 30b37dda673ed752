import type { StreamSpec } from "./broker.ts";

/** Streams and subjects of one run on a broker. */
export interface BrokerNames {
  readonly key: string;
  readonly blocks: string;
  readonly results: string;
  readonly store: string;
  /** A block, of which `dealtBlock` reads id and last orbit. */
  block(id: number, lastOrbit: number): string;
  result(id: number, lastOrbit: number): string;
  /** What the workers need to know. */
  readonly job: string;
  /** One of the parts of something too long for a message. */
  part(object: string, index: number | "*"): string;
  /** What a publisher leaves when its source has ended. */
  end(publisher: string): string;
  /** Which blocks are done, for publishers. */
  readonly done: string;
  /** Signs of life of the workers, and of the run itself. */
  readonly worker: string;
  readonly run: string;
}

/** @param name - prefix of all names. @param key - of the run, hexadecimal. */
export function brokerNames(name: string, key: string): BrokerNames {
  const at = `${name}.${key}`;
  return {
    key,
    blocks: `${name}-${key}-blocks`,
    results: `${name}-${key}-results`,
    store: `${name}-${key}-store`,
    block: (id, lastOrbit) => `${at}.block.${id}.${lastOrbit}`,
    result: (id, lastOrbit) => `${at}.result.${id}.${lastOrbit}`,
    job: jobSubject(name, key),
    part: (object, index) => `${at}.store.part.${object}.${index}`,
    end: (publisher) => `${at}.store.end.${publisher}`,
    done: `${at}.store.done`,
    worker: `${at}.worker`,
    run: `${at}.run`,
  };
}

/** Where the job of a run is told; of all runs for the key "*". */
export const jobSubject = (name: string, key: string) => `${name}.${key}.store.job`;

/** Key of the run whose store a stream is, or null. */
export const keyOfStore = (stream: string) => stream.match(/-([\da-f]+)-store$/)?.[1] ?? null;

/** What all subjects of all runs of a name match. */
export const anySubject = (name: string) => `${name}.>`;

/** Key of the run that one of its streams is of, or null where it is none of that name. */
export function keyOfStream(name: string, stream: string): string | null {
  if (!stream.startsWith(`${name}-`)) return null;
  return stream.slice(name.length).match(/^-([\da-f]+)-(blocks|results|store)$/)?.[1] ?? null;
}

/** The streams to make for a run. */
export function brokerStreams(
  names: BrokerNames,
  { name, replicas, ackSeconds }: { name: string; replicas: number; ackSeconds: number },
): StreamSpec[] {
  const at = `${name}.${names.key}`;
  const queue = { queue: true, ackSeconds, sole: false } as const;
  return [
    { name: names.store, subject: `${at}.store.>`, replicas, kind: { queue: false } },
    { name: names.results, subject: `${at}.result.>`, replicas, kind: { ...queue, sole: true } },
    { name: names.blocks, subject: `${at}.block.>`, replicas, kind: queue },
  ];
}

/** Id and last orbit of the block that a subject is about. */
export function dealtBlock(subject: string): { id: number; lastOrbit: number } {
  const [id, lastOrbit] = subject.split(".").slice(-2).map(Number);
  return { id, lastOrbit };
}
