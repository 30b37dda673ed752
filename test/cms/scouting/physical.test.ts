import { expect, test } from "vitest";
import { createDecoder } from "../../../src/cms/scouting/decoder.ts";
import { orbitPhysical } from "../../../src/cms/scouting/physical.ts";

const orbitOf = (...words: number[]) => new Uint8Array(Uint32Array.from(words).buffer);

test("muons get pt, eta and phi at the station and at the vertex", () => {
  const low = 575 + (61 << 10) + (12 << 19) + 0x1ff * 2 ** 23;
  const bytes = orbitOf(1 << 16, 3, 9, low, (288 << 11) + (11 << 21), 80 << 13);
  const { muons } = createDecoder("gmt").decode(bytes).objects;
  const { columns, offsets } = orbitPhysical(muons, "muon", { wrap: true });
  expect([columns.pt[0], columns.ptUnconstrained[0]]).toEqual([30, 10]);
  expect(columns.eta[0]).toBeCloseTo(0.87, 12);
  expect(columns.etaAtVtx[0]).toBeCloseTo(-0.010875, 12);
  expect(columns.phiAtVtx[0]).toBeCloseTo((-2 * Math.PI) / 576, 12);
  expect(columns.phi[0]).toBeCloseTo(Math.PI, 12);
  expect([offsets[2], offsets[3], columns.pt.length]).toEqual([0, 1, 1]);
});

test("calorimeter azimuths follow the circle or CMSSW", () => {
  const { jets } = createDecoder("jets").decode(orbitOf(1, 3, 9, 100 + (143 << 19))).objects;
  const circle = orbitPhysical(jets, "jet").columns.phi[0];
  const cmssw = orbitPhysical(jets, "jet", { phi: "cmssw" }).columns.phi[0];
  expect(circle).toBeCloseTo((143 * 2 * Math.PI) / 144, 12);
  expect(circle - cmssw).toBeCloseTo(0.019, 3);
});

test("an azimuth beyond the circle is an error, not an angle", () => {
  const { jets } = createDecoder("jets").decode(orbitOf(1, 3, 9, 100 + (144 << 19))).objects;
  expect(() => orbitPhysical(jets, "jet")).toThrow(/jet hwPhi: 1 of 1 values .* the first is 144/);
});
