import type { OrbitBlock } from "../orbit/block.ts";
import { encodeBlock } from "./block-code.ts";
import type { Broker } from "./broker.ts";
import { type BrokerNames, dealtBlock } from "./names.ts";
import { packParcel } from "./parcels.ts";

/**
 * Puts a block into the queue; resolves when the broker has stored it.
 * @param session - of the process: a block that is sent again by another one is another message.
 */
export async function sendBlock(
  broker: Broker,
  names: BrokerNames,
  { block, session }: { readonly block: OrbitBlock; readonly session: string },
): Promise<void> {
  const { run, id, orbits } = block;
  const parcel = { object: `block-${id}-${session}`, bytes: encodeBlock(block) };
  await broker.publish({
    ...{ stream: names.blocks, subject: names.block(id, orbits[orbits.length - 1].orbit) },
    ...{ bytes: await packParcel(broker, names, parcel), id: `${run}.${id}.${session}` },
  });
}

/** Blocks that the broker has, or whose results it has: last orbits by id. */
export async function blocksThere(
  broker: Broker,
  names: BrokerNames,
): Promise<Map<number, number>> {
  // blocks first: a result comes before its block goes
  const subjects = [
    ...(await broker.subjectsIn(names.blocks, ">")),
    ...(await broker.subjectsIn(names.results, ">")),
  ];
  return new Map(subjects.map(dealtBlock).map(({ id, lastOrbit }) => [id, lastOrbit]));
}
