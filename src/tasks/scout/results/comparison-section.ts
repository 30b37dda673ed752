import type { Section } from "../../../report/index.ts";
import type { ScoutConfig } from "../config.ts";
import type { ScoutMetrics } from "./metrics.ts";

/** Tests that the page lists; `metrics.json` has all. */
const listedTests = 20;

/** To two digits; 0 is where numbers end. */
const pText = (p: number) => (p < 1e-300 ? "< 1e-300" : p.toPrecision(2));

const kinds = {
  ...{ chi2: "χ^{2} of bins", kernel: "kernel", efficiency: "likelihood ratio" },
} as const;

/** What was compared with the reference, at the end and while the run went on. */
export function comparisonSection(
  { reference, alarm }: Pick<ScoutConfig, "reference" | "alarm">,
  { comparison, alarms, seenAlarms }: Pick<ScoutMetrics, "comparison" | "alarms" | "seenAlarms">,
): Section[] {
  if (reference === null) return [];
  const listed = comparison.slice(0, listedTests);
  const tests = {
    title: "All of the run against the reference",
    caption: `${comparison.length} distributions, ${alarms.length || "none"} of them with p at or below ${alarm}${listed.length < comparison.length ? `; the ${listed.length} least likely` : ""}.`,
    columns: [
      ...[{ name: "distribution" }, { name: "test" }, { name: "χ^{2}" }],
      ...[{ name: "degrees of freedom" }, { name: "p, corrected" }, { name: "Z" }, { name: "" }],
    ],
    rows: listed.map((test) => [
      ...[test.name, kinds[test.kind], Number(test.chiSquared.toFixed(1)), test.degreesOfFreedom],
      ...[pText(test.p), test.significance.toFixed(1), test.p <= alarm ? "alarm" : ""],
    ]),
  };
  const seen = {
    title: "Alarms while it ran",
    caption:
      "Of windows of a second, a minute and an hour; significances are corrected for an hour.",
    columns: [
      ...[{ name: "distribution" }, { name: "test" }, { name: "windows" }],
      ...[{ name: "first", unit: "s" }, { name: "last", unit: "s" }, { name: "largest Z" }],
    ],
    rows: seenAlarms.map(({ name, kind, times, firstSeconds, lastSeconds, significance }) => [
      ...[name, kinds[kind], times],
      ...[firstSeconds.toFixed(0), lastSeconds.toFixed(0), significance.toFixed(1)],
    ]),
  };
  return [
    {
      title: "Against the reference",
      text: [
        `Compared with ${reference}. The chance of any false alarm is at most ${alarm} in the table of all of the run, and at most ${alarm} in each hour of running before it; p and Z are corrected for the number of tests.`,
      ],
      tables: [...(comparison.length > 0 ? [tests] : []), ...(seenAlarms.length > 0 ? [seen] : [])],
    },
  ];
}
