import { FormatError } from "../../../base/errors.ts";
import type { Broker } from "./broker.ts";
import type { BrokerNames } from "./names.ts";

/** Something of any length that lies in the store of a run, in parts. */
export interface StoredObject {
  readonly object: string;
  readonly bytes: number;
  readonly partBytes: number;
}

/** First byte of a message: its bytes follow, or a `StoredObject` that tells where they lie. */
const [whole, stored] = [0, 1];
/** Parts stay well below the 8 MB over which servers warn. */
const largestPart = 2 ** 20;
/** Parts on their way at a time. */
const together = 4;

/** Puts an object into the store; resolves when the broker has all of it. */
export async function putObject(
  broker: Broker,
  names: BrokerNames,
  { object, bytes }: { readonly object: string; readonly bytes: Uint8Array },
): Promise<StoredObject> {
  const partBytes = Math.min(broker.maxBytes, largestPart);
  await eachPart({ object, bytes: bytes.length, partBytes }, async (index, from, to) => {
    const subject = names.part(object, index);
    const message = { stream: names.store, subject, bytes: bytes.subarray(from, to) };
    await broker.publish({ ...message, id: crypto.randomUUID() });
  });
  return { object, bytes: bytes.length, partBytes };
}

/** @throws FormatError for an object that is not whole: one that was removed. */
export async function getObject(
  broker: Broker,
  names: BrokerNames,
  object: StoredObject,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(object.bytes);
  await eachPart(object, async (index, from, to) => {
    const part = await broker.latest(names.store, names.part(object.object, index));
    if (part?.length !== to - from)
      throw new FormatError(`broker: part ${index} of ${object.object} is not there`);
    bytes.set(part, from);
  });
  return bytes;
}

/** Removes an object; none there is fine. */
export async function removeObject(broker: Broker, names: BrokerNames, object: string) {
  await broker.purge(names.store, names.part(object, "*"));
}

/** Works on the parts of an object, some at a time. */
async function eachPart(
  { bytes, partBytes }: StoredObject,
  work: (index: number, from: number, to: number) => Promise<void>,
): Promise<void> {
  const parts = Math.ceil(bytes / partBytes);
  let next = 0;
  const run = async () => {
    while (next < parts) {
      const index = next++;
      await work(index, index * partBytes, Math.min((index + 1) * partBytes, bytes));
    }
  };
  await Promise.all(Array.from({ length: together }, run));
}

/** A message of any length: what does not fit into one goes to the store, and it tells where. */
export async function packParcel(
  broker: Broker,
  names: BrokerNames,
  { object, bytes }: { readonly object: string; readonly bytes: Uint8Array },
): Promise<Uint8Array> {
  const fits = bytes.length < broker.maxBytes;
  const body = fits
    ? bytes
    : new TextEncoder().encode(JSON.stringify(await putObject(broker, names, { object, bytes })));
  const message = new Uint8Array(body.length + 1);
  message[0] = fits ? whole : stored;
  message.set(body, 1);
  return message;
}

/**
 * What `packParcel` packed, and the object it lies in, to be removed when it is done with.
 * @throws FormatError for other bytes, or an object that is gone.
 */
export async function openParcel(
  broker: Broker,
  names: BrokerNames,
  message: Uint8Array,
): Promise<{ readonly bytes: Uint8Array; readonly object: string | null }> {
  if (message[0] === whole) return { bytes: message.subarray(1), object: null };
  const told = message[0] === stored ? readStored(message.subarray(1)) : null;
  if (told === null)
    throw new FormatError(
      `broker: a message of ${message.length} bytes that is none of ours; is another program using the name?`,
    );
  return { bytes: await getObject(broker, names, told), object: told.object };
}

function readStored(bytes: Uint8Array): StoredObject | null {
  try {
    const told = JSON.parse(new TextDecoder().decode(bytes)) as Partial<StoredObject>;
    return isStored(told) ? told : null;
  } catch {
    return null;
  }
}

const isCount = (n: unknown): n is number => Number.isSafeInteger(n) && (n as number) > 0;

const isStored = (told: Partial<StoredObject> | null): told is StoredObject =>
  /^[\w-]+$/.test(told?.object ?? "") &&
  isCount(told?.bytes) &&
  isCount(told.partBytes) &&
  told.bytes <= 2 ** 32;
