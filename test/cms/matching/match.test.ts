import { describe, expect, test } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import type { Jets } from "../../../src/cms/matching/jets.ts";
import {
  directions,
  matchedPairs,
  matchNearest,
  matchUnique,
} from "../../../src/cms/matching/match.ts";
import { makeCollection } from "../../../src/cms/objects.ts";
import { jetsOf, naiveMatches, randomEvents } from "./collections.ts";

const offlineEvents = randomEvents(1, 400, 9);
const level1Events = randomEvents(2, 400, 7);
const [offline, level1] = [jetsOf(offlineEvents), jetsOf(level1Events)];
const methods = [
  { name: "nearest", match: matchNearest, unique: false },
  { name: "unique", match: matchUnique, unique: true },
] as const;

describe.each(methods)("$name", ({ match, unique }) => {
  test("it agrees with the slow twin, distances included", () => {
    for (const maxDeltaR of [0.05, 0.4, 1.5]) {
      const fast = match(offline, level1, { maxDeltaR });
      const slow = naiveMatches(offline, level1, { maxDeltaR, unique });
      expect(fast.partner).toEqual(slow.partner);
      const gaps = fast.deltaR.map((distance, i) => Math.abs(distance - slow.deltaR[i]));
      expect(Array.from(gaps, Number.isNaN)).toEqual(Array.from(slow.deltaR, Number.isNaN));
      expect(Math.max(...gaps.filter((gap) => gap > 0), 0)).toBeLessThan(1e-12);
    }
  });

  test("the order of the objects in an event does not matter", () => {
    const rng = createRng(3);
    const shuffled = (events: readonly number[][][]) =>
      events
        .map((objects) => objects.map((o) => [rng.uniform(), ...o]).sort((a, b) => a[0] - b[0]))
        .map((objects) => objects.map((o) => o.slice(1)));
    const [a, b] = [jetsOf(shuffled(offlineEvents)), jetsOf(shuffled(level1Events))];
    const key = (x: Jets, y: Jets, partner: Int32Array) =>
      [...partner.entries()].map(([i, j]) => `${x.eta[i]} ${j < 0 ? "none" : y.eta[j]}`).sort();
    expect(key(a, b, match(a, b).partner)).toEqual(
      key(offline, level1, match(offline, level1).partner),
    );
  });

  test("turning the detector or whole turns of single objects change nothing", () => {
    const turned = (jets: Jets, angle: number, turns: boolean): Jets => ({
      ...jets,
      phi: Float64Array.from(
        jets.phi,
        (phi, i) => phi + angle + (turns ? 2 * Math.PI * (i % 3) : 0),
      ),
    });
    const plain = match(offline, level1).partner;
    for (const angle of [-2, 1, 3.1])
      expect(match(turned(offline, angle, true), turned(level1, angle, false)).partner).toEqual(
        plain,
      );
  });

  test("mirroring eta changes nothing", () => {
    const mirrored = (jets: Jets): Jets => ({ ...jets, eta: jets.eta.map((eta) => -eta) });
    expect(match(mirrored(offline), mirrored(level1)).partner).toEqual(
      match(offline, level1).partner,
    );
  });

  test("the limit itself is outside", () => {
    const one = (eta: number) => jetsOf([[[eta, 0]]]);
    expect(match(one(0), one(0.5), { maxDeltaR: 0.5 }).partner[0]).toBe(-1);
    expect(match(one(0), one(0.4999), { maxDeltaR: 0.5 }).partner[0]).toBe(0);
  });

  test("objects of other events, NaN and infinite coordinates match nothing", () => {
    const a = jetsOf([
      [[0, 0]],
      [],
      [
        [Number.NaN, 0],
        [0, Number.NaN],
        [Number.POSITIVE_INFINITY, 0],
      ],
    ]);
    const b = jetsOf([
      [],
      [[0, 0]],
      [
        [0, 0],
        [Number.NaN, 0],
      ],
    ]);
    const { partner, deltaR } = match(a, b);
    expect(partner).toEqual(Int32Array.of(-1, -1, -1, -1));
    expect(deltaR.every(Number.isNaN)).toBe(true);
  });

  test("no events give no matches", () => {
    expect(match(jetsOf([]), jetsOf([])).partner.length).toBe(0);
  });

  test("an event of many objects in one place is no problem", () => {
    const crowd = jetsOf([Array.from({ length: 700 }, (_, i) => [1e-4 * i, 0])]);
    const { partner } = match(crowd, crowd);
    expect(partner).toEqual(Int32Array.from({ length: 700 }, (_, i) => i));
  });

  test("different numbers of events and senseless limits are errors", () => {
    expect(() => match(offline, jetsOf([[]]))).toThrowErrorMatchingInlineSnapshot(
      `[DataError: match: 400 events with offline objects, 1 with Level-1 objects; read the same events of both]`,
    );
    expect(() => match(offline, level1, { maxDeltaR: 0 })).toThrow(/maxDeltaR must be > 0, got 0/);
    expect(() => match(offline, level1, { maxDeltaR: Number.NaN })).toThrow(/got NaN/);
  });
});

test("unique pairs use every object at most once, and both sides see the same pairs", () => {
  const { offline: i, level1: j } = matchedPairs(matchUnique(offline, level1));
  expect(i.length).toBeGreaterThan(400);
  expect(new Set(j).size).toBe(j.length);
  const back = matchUnique(level1, offline).partner;
  expect([...j].map((place) => back[place])).toEqual([...i]);
  expect(i.length).toBeLessThan(matchedPairs(matchNearest(offline, level1)).offline.length);
});

test("of ties the first offline object wins, then the first Level-1 object", () => {
  const two = jetsOf([
    [
      [0, 0],
      [0, 0],
    ],
  ]);
  expect(matchNearest(two, two).partner).toEqual(Int32Array.of(0, 0));
  expect(matchUnique(two, two).partner).toEqual(Int32Array.of(0, 1));
  const [left, right] = [
    jetsOf([[[0.25, 0]]]),
    jetsOf([
      [
        [0, 0],
        [0.5, 0],
      ],
    ]),
  ];
  expect(matchNearest(left, right).partner).toEqual(Int32Array.of(0));
  expect(matchUnique(right, left).partner).toEqual(Int32Array.of(0, -1));
});

test("the closest pair comes first, even where the next best leaves nothing", () => {
  const a = jetsOf([
    [
      [0, 0],
      [0.3, 0],
    ],
  ]);
  const b = jetsOf([
    [
      [0.2, 0],
      [-5, 0],
    ],
  ]);
  expect(matchUnique(a, b).partner).toEqual(Int32Array.of(-1, 0));
});

test("muons are matched at the vertex or at the station", () => {
  const collection = makeCollection("L1Mu", Uint32Array.of(0, 1), {
    eta: Float32Array.of(1),
    phi: Float32Array.of(2),
    etaAtVtx: Float32Array.of(3),
    phiAtVtx: Float32Array.of(4),
  });
  expect([directions(collection).eta[0], directions(collection).phi[0]]).toEqual([1, 2]);
  const vertex = directions(collection, "vertex");
  expect([vertex.eta[0], vertex.phi[0]]).toEqual([3, 4]);
  const bare = makeCollection("L1Mu", Uint32Array.of(0, 1), { eta: [1], phi: [2] } as never);
  expect(() => directions(bare, "vertex")).toThrowErrorMatchingInlineSnapshot(
    `[DataError: vertex coordinates: no column "etaAtVtx"; there are eta, phi]`,
  );
});
