import { ConfigError, DataError } from "../../base/errors.ts";
import { wrapPhi } from "../kinematics.ts";
import { type NumericArray, type ObjectCollection, objectColumn } from "../objects.ts";

/** Directions of the objects of many events, event after event. */
export interface Directions {
  /** [events + 1]. */
  readonly offsets: Uint32Array;
  /** Pseudorapidity [objects]. */
  readonly eta: NumericArray;
  /** Azimuth in rad, any branch [objects]. */
  readonly phi: NumericArray;
}

/** For every offline object its Level-1 partner. */
export interface Matches {
  /** Place of the partner in the Level-1 arrays [offline], -1 where there is none. */
  readonly partner: Int32Array;
  /** Distance to it [offline], NaN where there is none. */
  readonly deltaR: Float64Array;
}

export interface MatchOptions {
  /** Only pairs strictly closer than this (default 0.4). */
  readonly maxDeltaR?: number;
}

/**
 * Where a Level-1 muon is: at the `vertex` it was extrapolated to (etaAtVtx, phiAtVtx), or at the
 * muon `station` it was measured in (eta, phi). Other objects have only the second kind.
 */
export type MuonCoordinates = "vertex" | "station";

/** Directions of a collection; `DataError` where it lacks the columns. */
export function directions(
  collection: ObjectCollection,
  coordinates: MuonCoordinates = "station",
): Directions {
  const [eta, phi] = coordinates === "vertex" ? ["etaAtVtx", "phiAtVtx"] : ["eta", "phi"];
  const where = `${coordinates} coordinates`;
  return {
    offsets: collection.offsets,
    eta: objectColumn(collection, eta, where),
    phi: objectColumn(collection, phi, where),
  };
}

/**
 * Every offline object with the nearest Level-1 object of its event, which may so serve several.
 * Of equally near ones the first is taken; NaN coordinates match nothing.
 */
export function matchNearest(
  offline: Directions,
  level1: Directions,
  { maxDeltaR = 0.4 }: MatchOptions = {},
): Matches {
  const matches = noMatches(offline, level1, maxDeltaR);
  const { partner, deltaR } = matches;
  const [eta, phi] = [
    new Float64Array(mostPerEvent(level1)),
    new Float64Array(mostPerEvent(level1)),
  ];
  const limit = maxDeltaR * maxDeltaR;
  for (let e = 0; e + 1 < offline.offsets.length; e++) {
    const first = level1.offsets[e];
    const n = level1.offsets[e + 1] - first;
    if (n === 0) continue;
    loadEvent(level1, first, n, eta, phi);
    for (let i = offline.offsets[e]; i < offline.offsets[e + 1]; i++) {
      const offlineEta = offline.eta[i];
      const offlinePhi = wrapPhi(offline.phi[i]);
      let best = limit;
      let nearest = -1;
      for (let j = 0; j < n; j++) {
        const deltaEta = offlineEta - eta[j];
        if (deltaEta * deltaEta >= best) continue; // most pairs end here, cheaply
        const squared = squaredDeltaR(deltaEta, offlinePhi - phi[j]);
        if (squared < best) {
          best = squared;
          nearest = j;
        }
      }
      if (nearest < 0) continue;
      partner[i] = first + nearest;
      deltaR[i] = Math.sqrt(best);
    }
  }
  return matches;
}

/**
 * One-to-one pairs: in each event the closest pair is taken first, then the closest of what is
 * left. Of equally close pairs the one with the first offline object, then with the first Level-1
 * object, comes first; NaN coordinates match nothing.
 */
export function matchUnique(
  offline: Directions,
  level1: Directions,
  { maxDeltaR = 0.4 }: MatchOptions = {},
): Matches {
  const matches = noMatches(offline, level1, maxDeltaR);
  const { partner, deltaR } = matches;
  const [eta, phi] = [
    new Float64Array(mostPerEvent(level1)),
    new Float64Array(mostPerEvent(level1)),
  ];
  const limit = maxDeltaR * maxDeltaR;
  const isTaken = new Uint8Array(eta.length);
  let squares = new Float64Array(64); // squared distances of the candidate pairs,
  let pairs = new Uint32Array(64); // the pairs themselves, (i - start) n + j,
  let order = new Uint32Array(64); // and their places, by distance
  for (let e = 0; e + 1 < offline.offsets.length; e++) {
    const first = level1.offsets[e];
    const n = level1.offsets[e + 1] - first;
    if (n === 0) continue;
    loadEvent(level1, first, n, eta, phi);
    const [start, end] = [offline.offsets[e], offline.offsets[e + 1]];
    let count = 0;
    for (let i = start; i < end; i++) {
      const offlineEta = offline.eta[i];
      const offlinePhi = wrapPhi(offline.phi[i]);
      for (let j = 0; j < n; j++) {
        const deltaEta = offlineEta - eta[j];
        if (deltaEta * deltaEta >= limit) continue;
        const squared = squaredDeltaR(deltaEta, offlinePhi - phi[j]);
        if (!(squared < limit)) continue;
        if (count === order.length)
          [squares, pairs, order] = [grown(squares), grown(pairs), grown(order)];
        squares[count] = squared;
        pairs[count] = (i - start) * n + j;
        order[count] = count++;
      }
    }
    isTaken.fill(0, 0, n);
    if (count > 1) order.subarray(0, count).sort((a, b) => squares[a] - squares[b] || a - b);
    for (let c = 0; c < count; c++) {
      const k = order[c];
      const j = pairs[k] % n;
      const i = start + (pairs[k] - j) / n;
      if (isTaken[j] || partner[i] >= 0) continue;
      isTaken[j] = 1;
      partner[i] = first + j;
      deltaR[i] = Math.sqrt(squares[k]);
    }
  }
  return matches;
}

/** The matched pairs as places in the two collections, in offline order. */
export function matchedPairs({ partner }: Matches): { offline: Uint32Array; level1: Uint32Array } {
  const offline = Uint32Array.from(partner.keys()).filter((i) => partner[i] >= 0);
  return { offline, level1: offline.map((i) => partner[i]) };
}

/** deltaEta^2 + deltaPhi^2, where deltaPhi is the difference of two azimuths in (-pi, pi]. */
function squaredDeltaR(deltaEta: number, difference: number): number {
  const long = Math.abs(difference);
  const deltaPhi = long > Math.PI ? 2 * Math.PI - long : long;
  return deltaEta * deltaEta + deltaPhi * deltaPhi;
}

function noMatches(offline: Directions, level1: Directions, maxDeltaR: number): Matches {
  if (!(maxDeltaR > 0)) throw new ConfigError(`match: maxDeltaR must be > 0, got ${maxDeltaR}`);
  const [a, b] = [offline.offsets.length - 1, level1.offsets.length - 1];
  if (a !== b)
    throw new DataError(
      `match: ${a} events with offline objects, ${b} with Level-1 objects; read the same events of both`,
    );
  const n = offline.offsets[a];
  return { partner: new Int32Array(n).fill(-1), deltaR: new Float64Array(n).fill(Number.NaN) };
}

function mostPerEvent({ offsets }: Directions): number {
  let most = 0;
  for (let e = 1; e < offsets.length; e++) most = Math.max(most, offsets[e] - offsets[e - 1]);
  return most;
}

/** Coordinates of n objects from `first` on, azimuths in (-pi, pi], into scratch arrays. */
function loadEvent(
  { eta, phi }: Directions,
  first: number,
  n: number,
  etaOut: Float64Array,
  phiOut: Float64Array,
): void {
  for (let j = 0; j < n; j++) {
    etaOut[j] = eta[first + j];
    phiOut[j] = wrapPhi(phi[first + j]);
  }
}

function grown<V extends Float64Array | Uint32Array>(values: V): V {
  const larger = new (values.constructor as new (n: number) => V)(2 * values.length);
  larger.set(values);
  return larger;
}
