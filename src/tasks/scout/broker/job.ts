import { z } from "zod";
import { ConfigError, FormatError } from "../../../base/errors.ts";
import { version } from "../../version.ts";
import { parseScout, type ScoutConfig } from "../config.ts";
import type { Assets } from "../stages/stage.ts";
import type { Broker } from "./broker.ts";
import { type BrokerConfig, brokerSchema } from "./config.ts";
import type { BrokerNames } from "./names.ts";
import { getObject, putObject } from "./parcels.ts";

/** What a worker needs to know of a run. */
export interface Job {
  readonly config: ScoutConfig;
  readonly assets: Assets;
  readonly broker: BrokerConfig;
}

/**
 * Version of all that goes over a broker: jobs, blocks, results, signs of life. It goes up by one
 * with each change, so that programs which would not understand each other say so before any block.
 */
const wire = 3;

/** What every version has told of itself; the first had no `wire`. */
const speechSchema = z.object({ version: z.string(), wire: z.int().default(1) });

const jobSchema = z.strictObject({
  ...{ version: z.literal(version), wire: z.literal(wire) },
  settings: z.unknown(),
  broker: brokerSchema,
  assets: z.array(
    z.strictObject({
      path: z.string(),
      sha256: z.string().length(64),
      ...{ object: z.string(), bytes: z.int().min(0), partBytes: z.int().min(1) },
    }),
  ),
});

/** Puts configuration and models where workers find them. */
export async function putJob(
  broker: Broker,
  names: BrokerNames,
  { config, assets, broker: settings }: Job,
): Promise<void> {
  const list: z.infer<typeof jobSchema>["assets"] = [];
  for (const [path, bytes] of Object.entries(assets)) {
    const sha256 = await sha256Of(bytes);
    const object = await putObject(broker, names, { object: `asset-${sha256}`, bytes });
    list.push({ path, sha256, ...object });
  }
  const job: z.infer<typeof jobSchema> = {
    ...{ version, wire, settings: config, broker: settings, assets: list },
  };
  const bytes = new TextEncoder().encode(JSON.stringify(job));
  await broker.publish({
    ...{ stream: names.store, subject: names.job, bytes, id: crypto.randomUUID() },
  });
}

/**
 * The job of a run, or null where it is not told yet.
 * @throws ConfigError where another version of the program told it, FormatError for damaged models.
 */
export async function getJob(broker: Broker, names: BrokerNames): Promise<Job | null> {
  const bytes = await broker.latest(names.store, names.job);
  if (bytes === null) return null;
  const told: unknown = JSON.parse(new TextDecoder().decode(bytes));
  const job = jobSchema.safeParse(told).data;
  if (job === undefined) {
    const of = speechSchema.safeParse(told).data;
    throw new ConfigError(
      `broker: run ${names.key} is of ${of ? speechText(of) : "another program"}, this is ${speechText({ version, wire })}; install the same on all machines`,
    );
  }
  const assets: Record<string, Uint8Array> = {};
  for (const { path, sha256, ...object } of job.assets) {
    assets[path] = await getObject(broker, names, object);
    if ((await sha256Of(assets[path])) !== sha256)
      throw new FormatError(`broker: ${path} was damaged on its way: its SHA-256 is not ${sha256}`);
  }
  return { config: parseScout(job.settings), assets, broker: job.broker };
}

const speechText = (of: z.infer<typeof speechSchema>) => `forty ${of.version}, wire ${of.wire}`;

/** Hexadecimal SHA-256. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
