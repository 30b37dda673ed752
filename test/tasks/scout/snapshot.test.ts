import { expect, test } from "vitest";
import { parseScout } from "../../../src/tasks/scout/config.ts";
import { prometheusText } from "../../../src/tasks/scout/results/prometheus.ts";
import { makeSnapshot, snapshotNumbers } from "../../../src/tasks/scout/results/snapshot.ts";

const config = parseScout({
  files: ["a.raw"],
  stages: [
    { kind: "histogram", name: "h", of: "ht", bins: 2, low: 0, high: 2 },
    {
      ...{ kind: "map", name: "m" },
      x: { of: "muon.eta", bins: 1, low: 0, high: 1 },
      y: { of: "muon.phi", bins: 2, low: 0, high: 2 },
    },
  ],
});
const tallies = {
  counts: {
    ...{ orbits: 22491, crossings: 50, kept: 4, "objects.muons": 9, "selected.two": 3 },
    ...{ "dropped.decode": 1, "seconds.h": 0.5, "items.h": 50, 'seconds.say "x"': 1 },
  },
  bins: {
    "histogram.h": Float64Array.of(1, 2, 3, 4),
    "map.m": Float64Array.of(9, 9, 9, 9, 9, 5, 6, 9, 9, 9, 9, 9),
  },
};
const moment = {
  seconds: 2,
  isDone: false,
  run: 7,
  workers: 2,
  lagSeconds: 0.25,
  alarms: [],
};
const snapshot = makeSnapshot(config, tallies, {
  ...moment,
  windowOrbits: 22491,
  windowSeconds: 1,
});

test("a snapshot is plain JSON with numbers, spectra and maps", () => {
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  expect(snapshot).toMatchObject({
    orbits: 22491,
    realTimeFactor: 2,
    dropped: { decode: 1 },
    histograms: [{ name: "h", edges: [0, 1, 2], counts: [2, 3], underflow: 1, overflow: 4 }],
    maps: [{ name: "m", counts: [5, 6], x: { edges: [0, 1] } }],
  });
});

test("numbers in Prometheus' text format", () => {
  const text = prometheusText(snapshotNumbers(snapshot));
  expect(text).toMatch(
    /^# HELP forty_scout_orbits_total .*\n# TYPE forty_scout_orbits_total counter\n/,
  );
  expect(text).toContain("\nforty_scout_orbits_total 22491\n");
  expect(text).toContain('\nforty_scout_dropped_orbits_total{reason="decode"} 1\n');
  expect(text).toContain('\nforty_scout_stage_seconds_total{stage="say \\"x\\""} 1\n');
  expect(text).toContain("\nforty_scout_real_time_factor 2\n");
  const line = /^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\{[a-z]+="([^"\\\n]|\\.)*"\})? -?[\d.e+-]+)$/;
  for (const l of text.trimEnd().split("\n")) expect(l).toMatch(line);
});
