import { describe, expect, test } from "vitest";
import type { FigureData } from "../../../../src/report/index.ts";
import { loadDocument, renderFigure } from "../../../../src/report/index.ts";
import {
  departures,
  figureCsv,
  figureGroups,
  rateTables,
  type Snapshot,
  wholeOrbit,
} from "../../../../src/tasks/scout/monitor/view.ts";
import { addTallies, createTallies } from "../../../../src/tasks/scout/results/tallies.ts";
import { randomTallies, snapshotOf } from "./samples.ts";

const run = snapshotOf(randomTallies(1), 1);
const reference = snapshotOf(addTallies(randomTallies(2), randomTallies(3)), 1);
const view = { reference: null, isLog: false, crossings: wholeOrbit };

function cardsOf(snapshot: Snapshot, changes: object = {}) {
  const cards = figureGroups(snapshot, { ...view, ...changes }).flatMap((group) => group.cards);
  return new Map(cards.map((card) => [card.id, card.figure]));
}

type Kind<K> = Extract<FigureData, { kind: K }>;
const histogram = (cards: ReadonlyMap<string, FigureData>, id: string) =>
  cards.get(id) as Kind<"stepHistogram">;
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

describe("figures of a snapshot", () => {
  test("are drawn, each with a name of its own, empty and full, compared and not", async () => {
    const document = await loadDocument();
    for (const snapshot of [run, snapshotOf(createTallies(), 0)])
      for (const compared of [null, reference]) {
        const groups = figureGroups(snapshot, { ...view, reference: compared, isLog: true });
        const cards = groups.flatMap((group) => group.cards);
        expect(new Set(cards.map((c) => c.id)).size).toBe(cards.length);
        for (const { figure } of cards)
          expect(
            renderFigure(figure, { document }).querySelectorAll("path").length,
          ).toBeGreaterThan(0);
      }
  });

  test("show both signs of a pair together, and apart with their references", () => {
    expect([...cardsOf(run).keys()]).toEqual([
      ...["dimuon-mass", "histogram-muonPt", "occupancy-muons"],
      ...["map-muonMap", "neighbors", "turn-on-muon.pt"],
    ]);
    const pair = histogram(cardsOf(run), "dimuon-mass");
    expect(pair.series.map((s) => s.counts)).toEqual([
      run.histograms[0].counts,
      run.histograms[1].counts,
    ]);
    expect([...cardsOf(run, { reference }).keys()]).toEqual(
      expect.arrayContaining([
        "histogram-massOpposite",
        "histogram-massSame",
        "map-muonMap-difference",
      ]),
    );
  });

  test("scale a reference to as many entries and show the ratio", () => {
    const { series, lower } = histogram(cardsOf(run, { reference }), "histogram-muonPt");
    const [behind, own] = series;
    expect([behind.name, lower]).toEqual(["reference", "ratio"]);
    expect(sum(behind.counts)).toBeCloseTo(sum(own.counts), 8);
    const { counts } = reference.histograms[2];
    expect(behind.counts[3] / behind.counts[7]).toBeCloseTo(counts[3] / counts[7], 12);
    // The relative error is that of the reference's own entries.
    expect((behind.errors?.[3] ?? 0) / behind.counts[3]).toBeCloseTo(1 / Math.sqrt(counts[3]), 12);
  });

  test("mark the cells of a map that have more or fewer entries than the reference", () => {
    const maps = run.maps.map((m) => ({ ...m, counts: m.counts.map(() => 100) }));
    const counts = maps[0].counts.map((n, i) => (i === 5 ? 20 : 2 * n));
    const changed = { ...run, maps: [{ ...maps[0], counts }] };
    const cards = cardsOf(changed, { reference: { ...run, maps } });
    const marked = (cards.get("map-muonMap-difference") as Kind<"heatmap2d">).counts;
    const scale = (23 * 200 + 20) / 2400;
    const expected = Math.abs(20 - 100 * scale) / Math.sqrt(20 + 100 * scale ** 2);
    expect(expected).toBeGreaterThan(3);
    expect(marked).toEqual(counts.map((_, i) => (i === 5 ? expect.closeTo(expected, 10) : 0)));
  });

  test("leave out a reference with other bins", () => {
    const other = {
      ...reference,
      histograms: reference.histograms.map((h) => ({ ...h, edges: h.edges.map((e) => e + 1) })),
    };
    const { series } = histogram(cardsOf(run, { reference: other }), "histogram-muonPt");
    expect(series.length).toBe(1);
  });

  test("count along the orbit per crossing, whatever part of it is shown", () => {
    const at = (first: number, last: number) =>
      histogram(cardsOf(run, { crossings: { first, last } }), "occupancy-muons").series[0];
    const counts = run.occupancy.muons;
    const part = at(101, 110);
    expect(part.edges[0]).toBe(100.5);
    expect(part.counts).toEqual(counts.slice(100, 110).map((n) => n / run.orbits));
    const whole = at(1, 3564);
    expect(whole.counts.length).toBe(396);
    expect(whole.counts[2]).toBeCloseTo(sum(counts.slice(18, 27)) / 9 / run.orbits, 10);
    const uneven = at(1, 1001); // three to a bin, two in the last
    expect(uneven.edges.at(-1)).toBe(1001.5);
    expect(uneven.counts.at(-1)).toBeCloseTo((counts[999] + counts[1000]) / 2 / run.orbits, 10);
  });

  test("pair a threshold in Level-1 pt with the same one in recalibrated pt", () => {
    const figure = cardsOf(run).get("turn-on-muon.pt") as Kind<"turnOn">;
    const [{ threshold, before, after }] = figure.thresholds;
    const [raw, calibrated] = run.turnOns;
    expect(threshold).toBe(20);
    expect(before.values).toEqual(raw.passed.map((n, i) => n / raw.total[i]));
    expect(after.values).toEqual(calibrated.passed.map((n, i) => n / calibrated.total[i]));
    const alone = cardsOf({ ...run, turnOns: [raw] }).get("turn-on-on0");
    expect(alone).toMatchObject({ kind: "curves", series: [{ y: before.values }] });
  });

  test("become tables of their numbers", () => {
    const cards = cardsOf(run);
    const rows = figureCsv(histogram(cards, "dimuon-mass")).trim().split("\n");
    expect(rows[0]).toBe("low,high,opposite sign,opposite sign error,same sign,same sign error");
    const [opposite, same] = run.histograms;
    expect(rows[5].split(",").map(Number)).toEqual([
      ...[opposite.edges[4], opposite.edges[5], opposite.counts[4]],
      ...[Math.sqrt(opposite.counts[4]), same.counts[4], Math.sqrt(same.counts[4])],
    ]);
    const [map] = run.maps;
    const cells = figureCsv(cards.get("map-muonMap") as FigureData)
      .trim()
      .split("\n");
    expect(cells.length).toBe(1 + 24);
    expect(cells[1 + 2 * 4 + 3].split(",").map(Number)).toEqual([
      ...[map.x.edges[2], map.x.edges[3], map.y.edges[3], map.y.edges[4], map.counts[2 * 4 + 3]],
    ]);
    for (const id of ["neighbors", "turn-on-muon.pt"])
      expect(figureCsv(cards.get(id) as FigureData).split("\n").length).toBeGreaterThan(5);
  });

  test("quote names that hold a comma or a quote", () => {
    const figure = histogram(cardsOf(run), "histogram-muonPt");
    const [{ edges, counts }] = figure.series;
    const named: FigureData = { ...figure, series: [{ name: 'a, "b"', edges, counts }] };
    expect(figureCsv(named).split("\n")[0]).toBe('low,high,"a, ""b"""');
  });
});

describe("departures from a reference", () => {
  test("are none for the same shape, whatever the totals", () => {
    const twice = snapshotOf(
      addTallies(addTallies(createTallies(), randomTallies(1)), randomTallies(1)),
      2,
    );
    expect(departures(twice, run, 0.5)).toEqual([]);
  });

  test("name the distribution whose shape has changed", () => {
    const tallies = randomTallies(1);
    tallies.bins["map.muonMap"][3 * 6 + 2] += 700;
    expect(departures(snapshotOf(tallies, 1), run, 0.001).map((a) => a.name)).toEqual([
      "map.muonMap",
    ]);
  });

  test("leave out what has other bins", () => {
    const tallies = randomTallies(1);
    tallies.bins["map.muonMap"][3 * 6 + 2] += 700;
    const maps = run.maps.map((m) => ({ ...m, x: { ...m.x, edges: m.x.edges.map((e) => 2 * e) } }));
    expect(departures(snapshotOf(tallies, 1), { ...run, maps }, 0.001)).toEqual([]);
  });
});

describe("rates", () => {
  test("are shares of all crossings times their rate, with binomial uncertainties", () => {
    const tables = rateTables(run, null);
    expect(tables.map((t) => t.title)).toEqual(["Selections", "Trigger menu"]);
    const [{ count, rateHz, errorHz, ratio }] = tables[0].rows;
    const crossings = 8 * 3564;
    const p = count / crossings;
    expect(count).toBe(run.selected.pairs);
    expect(rateHz).toBeCloseTo(p * 3564 * 11_245.5, 6);
    expect(errorHz).toBeCloseTo(Math.sqrt((p * (1 - p)) / crossings) * 3564 * 11_245.5, 6);
    expect(ratio).toBeNull();
    expect(tables[1].rows[0].count).toBeGreaterThanOrEqual(tables[1].rows[1].count);
  });

  test("have ratios to those of the reference per orbit", () => {
    const [{ rows }] = rateTables(run, reference);
    const [row] = rows;
    expect(row.ratio?.value).toBeCloseTo(
      run.selected.pairs / run.orbits / (reference.selected.pairs / reference.orbits),
      10,
    );
    const a = row.errorHz / row.rateHz;
    expect(row.ratio?.uncertainty).toBeGreaterThan(a * (row.ratio?.value ?? 0));
  });
});
