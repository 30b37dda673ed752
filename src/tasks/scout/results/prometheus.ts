import type { SnapshotNumbers } from "./snapshot.ts";

interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** Values with their label, if they have one: ["", 3] or ["bad", 1]. */
  readonly values: readonly (readonly [string, number])[];
  readonly label?: string;
}

/**
 * A snapshot in Prometheus' text format, version 0.0.4.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function prometheusText(snapshot: SnapshotNumbers): string {
  return metricsOf(snapshot)
    .map(({ name, type, help, values, label }) => {
      const lines = values.map(([key, value]) => {
        const labels = label === undefined ? "" : `{${label}="${escaped(key)}"}`;
        return `forty_scout_${name}${labels} ${numberText(value)}\n`;
      });
      return `# HELP forty_scout_${name} ${help}\n# TYPE forty_scout_${name} ${type}\n${lines.join("")}`;
    })
    .join("");
}

function metricsOf(s: SnapshotNumbers): Metric[] {
  const one = (value: number) => [["", value]] as const;
  const by = (label: string, values: Readonly<Record<string, number>>) => ({
    label,
    values: Object.entries(values),
  });
  const stages = (value: "seconds" | "items") =>
    by("stage", Object.fromEntries(s.stages.map((stage) => [stage.name, stage[value]])));
  const alarms = new Map<string, number>(); // of several windows the largest
  for (const { name, significance } of s.alarms)
    alarms.set(name, Math.max(significance, alarms.get(name) ?? 0));
  return [
    counter("orbits_total", "Orbits processed.", { values: one(s.orbits) }),
    counter("crossings_total", "Crossings with a block.", { values: one(s.crossings) }),
    counter("objects_total", "Objects decoded.", by("kind", s.objects)),
    counter("kept_crossings_total", "Crossings written.", { values: one(s.kept) }),
    counter("selected_crossings_total", "Crossings that passed.", by("selection", s.selected)),
    counter("dropped_orbits_total", "Orbits in no result.", by("reason", s.dropped)),
    {
      ...gauge("missing_orbits", "Orbits that did not come.", Object.entries(s.missing)),
      label: "source",
    },
    counter("worker_restarts_total", "Threads replaced.", { values: one(s.restarts) }),
    counter("stage_seconds_total", "Time in a stage, all threads.", stages("seconds")),
    counter("stage_items_total", "Items done by a stage.", stages("items")),
    gauge("real_time_factor", "Orbits per second over those of the LHC.", one(s.realTimeFactor)),
    gauge("lag_seconds", "From reading the last block to its result.", one(s.lagSeconds)),
    {
      ...gauge("alarm_sigma", "Significance of departures from the reference.", [...alarms]),
      label: "of",
    },
  ];
}

const counter = (name: string, help: string, rest: Pick<Metric, "values" | "label">): Metric => {
  return { name, type: "counter", help, ...rest };
};
const gauge = (name: string, help: string, values: Metric["values"]): Metric => {
  return { name, type: "gauge", help, values };
};

const escaped = (text: string) =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
