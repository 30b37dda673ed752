import { type MenuCounts, runMenu } from "../../tasks/scout/index.ts";
import type { Session } from "../session.ts";
import { countText, textTable } from "../text-table.ts";
import type { Define } from "../verb.ts";

/** `forty scout menu`: a trigger menu on text vectors. */
export const define: Define = (command, run) => {
  command
    .command("menu")
    .description("run a trigger menu on global-trigger text vectors")
    .argument("<file...>", "text vectors, one crossing a line")
    .requiredOption("--algorithms <file>", "JSON file of the menu (required)")
    .option("--check", "compare each algorithm with its bit in the files (default: only count)")
    .action(run(menu));
};

async function menu(
  session: Session,
  files: readonly string[],
  { algorithms, check = false }: { readonly algorithms: string; readonly check?: boolean },
): Promise<Omit<MenuCounts, "algorithms"> & { algorithms: readonly object[] }> {
  const result = await runMenu(files, algorithms);
  const fired = result.algorithms.filter((a) => a.fired > 0 || (check && a.extra + a.missing > 0));
  const rows = fired.map(({ name, fired, extra, missing }) => [
    name,
    countText(fired),
    ...(check ? [countText(extra), countText(missing)] : []),
  ]);
  session.say(
    textTable(["algorithm", "fired", ...(check ? ["only here", "only in file"] : [])], rows),
  );
  const { crossings, undecided, differing } = result;
  session.say(
    `\n${countText(crossings)} crossings, ${result.algorithms.length} algorithms: ${result.fired} fired` +
      (check ? `, ${differing} differ from the bits in the file` : "") +
      (undecided > 0 ? `, ${undecided} need conditions from outside` : ""),
  );
  return {
    ...result,
    algorithms: result.algorithms.map(({ name, bit, isDecided, fired, ...compared }) => ({
      ...{ name, bit, isDecided, fired },
      ...(check ? compared : {}),
    })),
  };
}
