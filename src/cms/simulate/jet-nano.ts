import type { RootColumn } from "../../data/root/column.ts";
import type { ColumnValues, ElementType } from "../../data/root/element.ts";
import { physicalJets } from "./jet-rows.ts";
import type { JetEvents } from "./jets.ts";

/** Events of one luminosity section. */
const sectionEvents = 1000;

/**
 * Simulated events as branches named as in NanoAOD (cmssw PhysicsTools/NanoAOD), sharing memory, and
 * `nTowers`, the lit towers at |ieta| <= 4, which it lacks. Run 1, events from `first` + 1 on, all
 * Level-1 jets in crossing 0. Azimuths are in (-pi, pi]; those of Level 1 are true ones, steps of
 * 2 pi / 144 rad, where CMSSW takes steps of 0.0435 and so falls behind by up to 0.019 rad.
 */
export function jetNanoColumns(simulated: JetEvents, first = 0): RootColumn[] {
  const { events, nVertices, nTowers, level1, offline } = simulated;
  const event = BigUint64Array.from({ length: events }, (_, e) => BigInt(first + e + 1));
  const section = (n: bigint) => 1 + Math.floor((Number(n) - 1) / sectionEvents);
  const flat = (name: string, type: ElementType, values: ColumnValues): RootColumn => {
    return { name, type, values, inner: [] };
  };
  const { offsets, pt, eta, phi } = physicalJets(level1);
  const { hwPt, hwEta, hwPhi } = level1.columns;
  const jets = offline.columns;
  const bx = new Int32Array(hwPt.length);
  return [
    flat("run", "uint32", new Uint32Array(events).fill(1)),
    flat("luminosityBlock", "uint32", Uint32Array.from(event, section)),
    flat("event", "uint64", event),
    flat("PV_npvs", "int32", nVertices),
    flat("nTowers", "int32", nTowers),
    ...lists("L1Jet", "float32", { offsets, columns: { pt, eta, phi } }),
    ...lists("L1Jet", "int32", { offsets, columns: { hwPt, hwEta, hwPhi, bx } }),
    ...lists("Jet", "float32", {
      offsets: offline.offsets,
      columns: { pt: jets.pt, eta: jets.eta, phi: jets.phi },
    }),
  ];
}

function lists(
  collection: string,
  type: "float32" | "int32",
  source: {
    readonly offsets: Uint32Array;
    readonly columns: Readonly<Record<string, Float32Array | Int32Array>>;
  },
): RootColumn[] {
  return Object.entries(source.columns).map(([column, values]) => {
    return { name: `${collection}_${column}`, type, values, offsets: source.offsets, inner: [] };
  });
}
