import { formatWithUncertainty } from "../../report/index.ts";
import { type MenuCounts, type MenuRunOptions, runMenu } from "../../tasks/scout/index.ts";
import { wholeNumber } from "../options.ts";
import type { Session } from "../session.ts";
import { countText, textTable } from "../text-table.ts";
import type { Define } from "../verb.ts";

/** `forty scout menu`: a trigger menu on text vectors and raw orbits. */
export const define: Define = (command, run) => {
  command
    .command("menu")
    .description("run a trigger menu: rates, overlaps, rate against threshold, check of the bits")
    .argument("<file...>", "global-trigger text vectors, or raw orbits (.raw), joined by orbit")
    .option("--algorithms <file>", "JSON file of the menu (default: only --seed)")
    .option(
      "--seed <text>",
      'one more algorithm, "NAME = expression"; may be repeated (default: none)',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option("--check", "compare each algorithm with its bit in text vectors (default: only count)")
    .option(
      "--prescales <file>",
      "prescales by algorithm, JSON or CSV lines name,prescale (default: 1)",
    )
    .option(
      "--overlaps <count>",
      "list the pairs of algorithms with the largest overlap (default: 0)",
      wholeNumber("--overlaps", { min: 0 }),
    )
    .option(
      "--threshold <seed>",
      "rate against the threshold of the seed's first object; SEED:10,20 lists it, GeV (default: none)",
    )
    .option(
      "--bunches <count>",
      "colliding bunches that the crossings stand for, for rates (default: 3564)",
      wholeNumber("--bunches", { min: 1, max: 3564 }),
    )
    .option("-o, --out <file>", "write an HTML report with figures (default: none)")
    .addHelpText(
      "after",
      `
The language of seeds: docs/menu.md. Rates in kHz with statistical uncertainties, after prescales;
pure is what no other algorithm takes.`,
    )
    .action(run(menu));
};

async function menu(
  session: Session,
  files: readonly string[],
  { seed, ...options }: Omit<MenuRunOptions, "files" | "seeds"> & { readonly seed?: string[] },
): Promise<object> {
  const { shared: _, ...result } = await runMenu({
    ...{ files, ...options, seeds: seed, signal: session.signal },
  });
  const check = options.check ?? false;
  session.say(rateText(result, check));
  if (result.overlaps.length > 0) session.say(`\n${overlapText(result)}`);
  if (result.curve !== null) session.say(`\n${curveText(result.curve)}`);
  const { crossings, total, undecided, differing, algorithms } = result;
  const lost = Object.entries(result.dropped).map(([reason, n]) => `${countText(n)} ${reason}`);
  session.say(
    `\n${countText(crossings)} crossings; fired: ${result.fired} of ${countText(algorithms.length)}, in total ${khz(total)} kHz` +
      (check ? `, ${differing} differ from the bits in the file` : "") +
      (undecided > 0 ? `, ${undecided} need conditions from outside` : "") +
      (lost.length > 0 ? `; orbits dropped: ${lost.join(", ")}` : ""),
  );
  if (options.out !== undefined) session.say(`report: ${options.out}`);
  return { ...result, report: options.out ?? null };
}

type Result = Omit<MenuCounts, "shared">;

const khz = ({ rateKHz, errorKHz }: { readonly rateKHz: number; readonly errorKHz: number }) =>
  formatWithUncertainty({ value: rateKHz, uncertainty: errorKHz });

function rateText({ algorithms }: Result, check: boolean): string {
  const isPrescaled = algorithms.some(({ prescale }) => prescale !== 1);
  const shown = algorithms.filter(
    ({ fired, extra = 0, missing = 0 }) => fired > 0 || extra + missing > 0,
  );
  const rows = shown.map((one) => [
    one.name,
    countText(one.fired),
    ...(isPrescaled ? [`${one.prescale}`] : []),
    ...[khz(one), khz({ rateKHz: one.pureKHz, errorKHz: one.pureErrorKHz })],
    ...(check ? [countText(one.extra ?? 0), countText(one.missing ?? 0)] : []),
  ]);
  const head = [
    ...["algorithm", "fired", ...(isPrescaled ? ["prescale"] : []), "rate [kHz]", "pure [kHz]"],
    ...(check ? ["only here", "only in file"] : []),
  ];
  return textTable(head, rows);
}

function overlapText({ overlaps }: Result): string {
  const rows = overlaps.map((one) => [...[one.a, one.b, khz(one), (100 * one.share).toFixed(1)]]);
  return textTable(["algorithm", "and", "both [kHz]", "part of either [%]"], rows);
}

function curveText({ name, points }: NonNullable<Result["curve"]>): string {
  const rows = points.map((point) => [`${point.threshold}`, khz(point)]);
  return textTable([`${name} at [GeV]`, "rate [kHz]"], rows);
}
