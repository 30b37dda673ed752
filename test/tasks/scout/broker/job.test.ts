import { expect, test } from "vitest";
import { brokerSchema } from "../../../../src/tasks/scout/broker/config.ts";
import { putJob } from "../../../../src/tasks/scout/broker/job.ts";
import { brokerNames, brokerStreams } from "../../../../src/tasks/scout/broker/names.ts";
import { publish } from "../../../../src/tasks/scout/broker/run-publish.ts";
import { work } from "../../../../src/tasks/scout/broker/run-work.ts";
import { parseScout } from "../../../../src/tasks/scout/config.ts";
import { version } from "../../../../src/tasks/version.ts";
import { createMemoryServer } from "./memory-broker.ts";

/** A run on a broker, whose job tells what is changed in it. */
async function startJob(changes: object) {
  const { connect } = createMemoryServer();
  const [names, settings] = [brokerNames("forty", "abc"), brokerSchema.parse({ publishers: 1 })];
  const broker = connect();
  for (const spec of brokerStreams(names, settings)) await broker.ensureStream(spec);
  await putJob(broker, names, {
    ...{ config: parseScout({ files: ["-"] }), assets: {}, broker: settings },
  });
  const job = JSON.parse(
    new TextDecoder().decode((await broker.latest(names.store, names.job)) ?? undefined),
  ) as object;
  const bytes = new TextEncoder().encode(JSON.stringify({ ...job, ...changes }));
  await broker.publish({ stream: names.store, subject: names.job, bytes, id: "changed" });
  return { connect: async () => connect(), settings };
}

test.each([
  ["another version", { version: "0.0.9" }, /run abc is of forty 0\.0\.9, wire \d+, this/],
  ["another wire", { wire: 1000 }, /run abc is of forty \S+, wire 1000, this is forty \S+, wire/],
  ["none, as the first", { wire: undefined }, /run abc is of forty \S+, wire 1, this is/],
  ["fields that are none of ours", { version: 7 }, /run abc is of another program, this is/],
])("workers and publishers refuse a run of %s before any block", async (_, changes, message) => {
  const { connect, settings } = await startJob(changes);
  await expect(work({ servers: [], connect })).rejects.toThrow(message);
  const publishing = publish({ broker: settings, publisher: "p", read: () => [], connect });
  await expect(publishing).rejects.toThrow(/install the same on all machines$/);
});

test("a worker of the first wire refuses a run of this one: it knows all fields by name", async () => {
  const { connect } = await startJob({});
  const broker = await connect();
  const bytes = await broker.latest("forty-abc-store", "forty.abc.store.job");
  const job = JSON.parse(new TextDecoder().decode(bytes ?? undefined)) as object;
  const known = ["version", "settings", "broker", "assets"];
  expect(job).toMatchObject({ version });
  expect(Object.keys(job).filter((name) => !known.includes(name))).toEqual(["wire"]);
});
