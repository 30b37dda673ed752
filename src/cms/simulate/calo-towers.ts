/**
 * The calorimeter tower grid of the Level-1 trigger, on which its jets sit: a jet has the
 * coordinates of the center of its seed tower. Towers are numbered by |ieta| 1 .. 28 in barrel and
 * endcap and 30 .. 41 in the forward calorimeter (29 does not exist), 72 in phi.
 * @see CMS HCAL TDR, CERN-LHCC-97-31, table of tower boundaries; the last edge is the one that
 * Level 1 uses, which places ieta 41 at hwEta 114.
 */
const upperEdges = [
  ...Array.from({ length: 20 }, (_, i) => (i + 1) * 0.087),
  ...[1.83, 1.93, 2.043, 2.172, 2.322, 2.5, 2.65, 2.853],
  ...[3.139, 3.314, 3.489, 3.664, 3.839, 4.013, 4.191, 4.363, 4.538, 4.716, 4.889, 5.03],
];

/** Width of hwEta, 0.0870 / 2 (Losapio 2021, Table 4). */
export const jetEtaWidth = 0.0435;
/** Width of hwPhi, rad (Losapio 2021, Table 4). */
export const jetPhiWidth = (2 * Math.PI) / 144;
/** Width of hwPt, GeV (Losapio 2021, Table 4). */
export const jetPtWidth = 0.5;
/** The largest hwPt, 11 bits: 1023.5 GeV. */
export const jetHwPtMax = 2047;

/** |hwEta| of the tower centers, ascending: 1, 3, .. 41, 43, 46, .. 114. */
export const towerHwEtas: readonly number[] = upperEdges.map((edge, i) =>
  Math.round((edge + (upperEdges[i - 1] ?? 0)) / 2 / jetEtaWidth),
);

/** hwEta of the tower that holds this pseudorapidity; 0 outside the acceptance, |eta| >= 5.03. */
export function towerHwEta(eta: number): number {
  const abs = Math.abs(eta);
  let i = abs < 1.74 ? Math.floor(abs / 0.087) : 20;
  while (i < upperEdges.length && upperEdges[i] <= abs) i++;
  return i === upperEdges.length ? 0 : Math.sign(eta || 1) * towerHwEtas[i];
}

/** hwPhi (odd, 1 .. 143) of the tower that holds this azimuth in [0, 2 pi). */
export function towerHwPhi(phi: number): number {
  return 2 * Math.min(71, Math.floor(phi / (2 * jetPhiWidth))) + 1;
}
