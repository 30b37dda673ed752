/**
 * What the endcap muon network gives for the tracks of `emtf_extracted_duperemoval_0.json`: first
 * track of each of the 100 events, then those of further tracks as [event, track, result]. All other
 * slots are empty and give `emptyTrack`.
 * @see jiafulow/emtf-hlslib (Apache-2.0) scripts/extracted_fullyconnect_0.json, 1ee10dd999ed.
 */
export const firstTracks: readonly number[] = [
  1157, -1733, -1518, -858, -2691, -2414, 355, 519, -870, -2553, -127, 1885, 3622, 2651, -2956, 554,
  -3727, 2351, 3230, 994, 1836, -316, 1805, 928, -2800, 613, 2830, -1051, 3475, 1356, 98, -3743,
  461, 1697, 2735, 2639, -81, 459, -3527, 2228, 3454, 1292, -65, -2493, 2028, 355, -1709, -2697,
  3083, 3788, 3710, 1609, 415, 3089, 3737, -350, -1070, 2744, 52, 1479, -2249, -40, -980, 443, 2564,
  2252, -2276, 1073, 1334, 1857, -421, 175, -1551, -3334, 675, -3826, 589, 508, -1512, 782, 3451,
  247, 458, 3213, 787, -2545, 952, 1411, -1616, 574, 3107, 419, -3313, 2436, -2518, -3109, -218,
  -1563, 848, -3453,
];

export const furtherTracks: readonly (readonly [number, number, number])[] = [
  [25, 1, 3271],
  [49, 1, 929],
  [50, 1, 1767],
  [75, 1, -3845],
  [80, 1, 3759],
  [87, 1, 2527],
  [89, 1, 3261],
  [91, 1, -2429],
  [92, 1, 2188],
  [92, 2, -3286],
];

export const emptyTrack = 632;
