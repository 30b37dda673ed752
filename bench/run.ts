/** `npm run bench NAME [ARGS]` runs bench/NAME.ts; without a name it lists what there is. */
import { readdirSync, readFileSync } from "node:fs";
import { nearMiss } from "../src/base/near-miss.ts";

const folder = new URL("./", import.meta.url);
const names = readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.slice(0, -3))
  .sort();

/** First sentence of the comment at the top of a benchmark. */
function summary(name: string): string {
  const text = readFileSync(new URL(`${name}.ts`, folder), "utf8");
  const comment = text.match(/^\/\*\*\s*([\s\S]*?)\s*\*\//)?.[1] ?? "";
  const words = comment.replaceAll(/^\s*\*\s?/gm, "").replaceAll("\n", " ");
  return words.split(/(?<=\.)\s/)[0];
}

const name = process.argv[2];
if (name === undefined) {
  console.log(`npm run bench NAME, where NAME is one of${names.length > 0 ? "" : " (none yet)"}`);
  for (const found of names) console.log(`  ${found.padEnd(12)} ${summary(found)}`);
} else if (names.includes(name)) {
  process.argv.splice(2, 1); // the benchmark sees only its own arguments
  await import(new URL(`${name}.ts`, folder).href);
} else {
  const guess = nearMiss(name, names);
  const hint =
    guess === null ? `there are ${names.join(", ") || "none"}` : `did you mean ${guess}?`;
  console.error(`error: bench: no benchmark "${name}"; ${hint}`);
  process.exitCode = 2;
}
