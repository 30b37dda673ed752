import { describe, expect, test } from "vitest";
import type { FigureData } from "../../../../src/report/index.ts";
import { loadDocument, renderFigure } from "../../../../src/report/index.ts";
import { clopperPearson } from "../../../../src/stats/index.ts";
import {
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
const plain = { reference: null, isLog: false, crossings: wholeOrbit };

function cardsOf(snapshot: Snapshot, changes: object = {}) {
  const cards = figureGroups(snapshot, { ...plain, ...changes }).flatMap((group) => group.cards);
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
        const groups = figureGroups(snapshot, { ...plain, reference: compared, isLog: true });
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

  test("show a turn-on with that of the reference behind, each for itself, and the ratio", () => {
    const cards = cardsOf(run, { reference });
    expect(cards.has("turn-on-muon.pt")).toBe(false);
    const { series, lower } = histogram(cards, "turn-on-on0");
    expect(series.map(({ name, style }) => [name, style])).toEqual([
      ["reference", "fill"],
      ["muon.ptL1 ≥ 20", undefined],
    ]);
    expect(lower).toBe("ratio");
    for (const [i, { turnOns }] of [reference, run].entries()) {
      const [{ passed, total }] = turnOns;
      expect(series[i].counts).toEqual(passed.map((n, k) => n / total[k]));
      const { low, high } = clopperPearson(passed[3], total[3]);
      const value = passed[3] / total[3];
      expect(series[i].errors?.[3]).toBe(Math.max(high - value, value - low));
    }
  });

  test("leave a bin of a turn-on without entries open, and its number in the table empty", () => {
    const [raw] = run.turnOns;
    const without = (counts: readonly number[]) => counts.map((n, i) => (i === 2 ? 0 : n));
    const turnOns = [{ ...raw, passed: without(raw.passed), total: without(raw.total) }];
    const figure = histogram(cardsOf({ ...run, turnOns }, { reference }), "turn-on-on0");
    expect(figure.series[1].counts[2]).toBeNaN();
    expect(figureCsv(figure).split("\n")[3]).toMatch(/^20,30,0\.\d+,0\.\d+,,$/);
  });

  test("compare no turn-on with one of another threshold, or without entries", () => {
    const others = reference.turnOns.map((t) => ({ ...t, threshold: 22 }));
    const cards = cardsOf(run, { reference: { ...reference, turnOns: others } });
    expect(cards.get("turn-on-muon.pt")?.kind).toBe("turnOn");
    const empty = reference.turnOns.map((t) => ({ ...t, total: t.total.map(() => 0) }));
    const none = cardsOf(run, { reference: { ...reference, turnOns: empty } });
    expect(none.get("turn-on-on0")).toMatchObject({ kind: "curves", series: [{}] });
  });

  test("are marked by the names that alarms give to turn-ons", () => {
    const bins = (view: object) =>
      figureGroups(run, { ...plain, ...view })
        .flatMap(({ cards }) => cards)
        .filter(({ id }) => id.startsWith("turn-on"))
        .map((card) => card.bins);
    expect(bins({})).toEqual([["turnOn.on0", "turnOn.on1"]]);
    expect(bins({ reference })).toEqual([["turnOn.on0"], ["turnOn.on1"]]);
  });

  test("have larger uncertainties along the orbit where objects come together", () => {
    const counts = run.occupancy.muons.map(() => 4);
    // Two of them in two of eight orbits: variance (2 x 2^2 - 4^2 / 8) / 7, mean 4 / 8.
    const twos = { muons: counts.length * 8 };
    const seen = { muons: 8 };
    const part = { crossings: { first: 1, last: 10 } };
    const alone = { ...run, occupancy: { muons: counts } };
    const errors = (snapshot: Snapshot) =>
      histogram(cardsOf(snapshot, part), "occupancy-muons").series[0].errors?.[0];
    expect(errors({ ...alone, squares: {}, seen: {} })).toBeCloseTo(2 / 8, 12);
    expect(errors({ ...alone, squares: twos, seen })).toBeCloseTo(Math.sqrt((4 * 12) / 7) / 8, 12);
    const behind = { ...part, reference: { ...alone, squares: twos, seen } };
    const [drawn] = histogram(cardsOf({ ...alone, squares: {} }, behind), "occupancy-muons").series;
    expect(drawn.name).toBe("reference");
    expect(drawn.errors?.[0]).toBeCloseTo(Math.sqrt((4 * 12) / 7) / 8, 12);
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
