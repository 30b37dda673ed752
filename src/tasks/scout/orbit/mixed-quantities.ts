import type { Physical, ScoutOrbit } from "./scout-orbit.ts";

/** Jets that count for HT: GeV and |eta|, near those of the trigger (CMS DN-2020/033). */
const htJets = { pt: 30, eta: 2.4 } as const;

const counts = ({ pt, eta }: Physical, i: number) =>
  pt[i] >= htJets.pt && Math.abs(eta[i]) <= htJets.eta;

/** HT: the sum of the pt of central jets above 30 GeV; 0 without any. */
export function sumJets({ rows, bx, objects: { jets } }: ScoutOrbit, into: Float64Array): void {
  const { offsets, pt } = jets;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    const end = offsets[bx[r]];
    for (let i = offsets[bx[r] - 1]; i < end; i++) if (counts(jets, i)) sum += pt[i];
    into[r] = sum;
  }
}

/** Missing HT: the size of the vector sum of the same jets. */
export function missingJets({ rows, bx, objects: { jets } }: ScoutOrbit, into: Float64Array): void {
  const { offsets, pt, phi } = jets;
  for (let r = 0; r < rows; r++) {
    let x = 0;
    let y = 0;
    const end = offsets[bx[r]];
    for (let i = offsets[bx[r] - 1]; i < end; i++)
      if (counts(jets, i)) {
        x += pt[i] * Math.cos(phi[i]);
        y += pt[i] * Math.sin(phi[i]);
      }
    into[r] = Math.sqrt(x * x + y * y);
  }
}

/** Place and bits of the tower count in the second word of the sums (see `caloScalars`). */
const [towerWord, towerMask] = [1, 0x1fff];

/** Calorimeter towers with energy, as the trigger counts them; NaN without the calorimeter. */
export function countTowers({ rows, bx, calo, hasCalo }: ScoutOrbit, into: Float64Array): void {
  const { offsets, columns } = calo.objects.sums;
  for (let r = 0; r < rows; r++) {
    const i = offsets[bx[r] - 1] + towerWord;
    const isThere = hasCalo && i < offsets[bx[r]];
    into[r] = isThere ? (columns.hwPhi[i] | (columns.spare[i] << 8)) & towerMask : Number.NaN;
  }
}

/** Towers that the official corrections of jets count (see `litTowers` of cms). */
const largestIEta = 4;

/** Towers with energy at |ieta| <= 4; NaN where the stream has no towers. */
export function countLitTowers({ rows, bx, extras }: ScoutOrbit, into: Float64Array): void {
  const { isThere, offsets, columns } = extras.towers;
  const { et, ieta } = columns;
  for (let r = 0; r < rows; r++) {
    let lit = isThere ? 0 : Number.NaN;
    const end = isThere ? offsets[bx[r]] : 0;
    for (let i = offsets[bx[r] - 1]; i < end; i++)
      if (et[i] > 0 && Math.abs(ieta[i]) <= largestIEta) lit++;
    into[r] = lit;
  }
}

/** Distance of the muon and the jet that are nearest to one another; NaN without such a pair. */
export function nearestMuonJet({ rows, bx, objects }: ScoutOrbit, into: Float64Array): void {
  const { muons, jets } = objects;
  for (let r = 0; r < rows; r++) {
    let least = Number.NaN;
    const lastMuon = muons.offsets[bx[r]];
    const lastJet = jets.offsets[bx[r]];
    for (let i = muons.offsets[bx[r] - 1]; i < lastMuon; i++)
      for (let j = jets.offsets[bx[r] - 1]; j < lastJet; j++) {
        const distance = deltaR(muons, i, jets, j);
        if (!(distance >= least)) least = distance;
      }
    into[r] = least;
  }
}

/** Distance in eta and azimuth of object i of one list and object j of another. */
export function deltaR(a: Physical, i: number, b: Physical, j: number): number {
  const turn = Math.abs(a.phi[i] - b.phi[j]);
  const eta = a.eta[i] - b.eta[j];
  const phi = Math.min(turn, 2 * Math.PI - turn);
  return Math.sqrt(eta * eta + phi * phi);
}
