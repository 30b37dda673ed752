import { type SimulatedStream, simulateStream } from "../../tasks/scout/index.ts";
import { realNumber, wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText } from "../text-table.ts";
import type { Define } from "../verb.ts";

/** `forty scout simulate`: raw orbits. */
export const define: Define = (command, run) => {
  command
    .command("simulate")
    .description("simulated raw orbits of the muon trigger, and of the calorimeter trigger")
    .requiredOption(
      "-n, --orbits <count>",
      "orbits (required)",
      wholeNumber("--orbits", { min: 1 }),
    )
    .option("--seed <number>", "same seed, same orbits", wholeNumber("--seed", { min: 0 }), 1)
    .option(
      "--first <orbit>",
      "number of the first orbit",
      wholeNumber("--first", { min: 0, max: 2 ** 31 - 1 }),
      1,
    )
    .option("--run <number>", "run number", wholeNumber("--run", { min: 1, max: 2 ** 31 }), 1)
    .option(
      "--occupancy <mean>",
      "single muons per crossing of colliding bunches",
      realNumber("--occupancy", { min: 0, max: 4 }),
      0.1,
    )
    .option("--calo <file>", "calorimeter orbits too, into this file, .raw (default: none)")
    .option(
      "--calo-every <count>",
      "the calorimeter has every n-th orbit",
      wholeNumber("--calo-every", { min: 1 }),
      1,
    )
    .option(
      "--calo-scale <factor>",
      "calorimeter objects relative to 1 jet, 1.5 e/gammas and 2 taus per crossing",
      realNumber("--calo-scale", { min: 0, max: 4 }),
      1,
    )
    .requiredOption("-o, --out <file>", "file of muon orbits to write, .raw (required)")
    .action(run(simulate));
};

interface SimulateOptions {
  readonly orbits: number;
  readonly seed: number;
  readonly first: number;
  readonly run: number;
  readonly occupancy: number;
  readonly calo?: string;
  readonly caloEvery: number;
  readonly caloScale: number;
  readonly out: string;
}

async function simulate(
  session: Session,
  { first, ...options }: SimulateOptions,
): Promise<SimulatedStream> {
  const progress = session.progress("simulate", options.orbits);
  const stream = await simulateStream({
    ...options,
    firstOrbit: first,
    signal: session.signal,
    onOrbits: (done) => progress.update(done),
  }).finally(() => progress.finish());
  for (const { file, orbits, bytes } of stream.files)
    session.say(`${file}: ${countText(orbits)} orbits, ${(bytes / 1e6).toFixed(1)} MB`);
  return stream;
}
