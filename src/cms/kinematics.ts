const twoPi = 2 * Math.PI;

/** An azimuth in rad brought to (-pi, pi]; values already there come back unchanged. */
export function wrapPhi(phi: number): number {
  if (phi > -Math.PI && phi <= Math.PI) return phi;
  const wrapped = phi - twoPi * Math.ceil(phi / twoPi - 0.5);
  return wrapped <= -Math.PI ? Math.PI : Math.min(wrapped, Math.PI); // the division rounds
}

/** An azimuth in rad brought to [0, 2 pi); values already there come back unchanged. */
export function to0to2Pi(phi: number): number {
  if (phi >= 0 && phi < twoPi) return phi;
  const wrapped = phi - twoPi * Math.floor(phi / twoPi);
  return wrapped < 0 || wrapped >= twoPi ? 0 : wrapped; // -1e-20 + 2 pi rounds to 2 pi
}

/** The azimuth difference a - b in rad, in (-pi, pi]. */
export function deltaPhi(a: number, b: number): number {
  return wrapPhi(a - b);
}

/** A direction: pseudorapidity and azimuth in rad. */
export interface Direction {
  readonly eta: number;
  readonly phi: number;
}

/** The distance of two directions, sqrt(deltaEta^2 + deltaPhi^2). */
export function deltaR(a: Direction, b: Direction): number {
  return Math.hypot(a.eta - b.eta, deltaPhi(a.phi, b.phi));
}
