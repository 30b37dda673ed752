import type { TriggerObjects } from "../../../src/cms/menu/crossings.ts";
import {
  type Condition,
  type Expression,
  type ObjectTerm,
  objectDefinition,
} from "../../../src/cms/menu/language.ts";

/** What a twin says: the answer, and how near the nearest limit was (relative). */
interface Verdict {
  readonly isTrue: boolean;
  readonly margin: number;
}

interface Particle {
  readonly pt: number;
  readonly eta: number;
  readonly phi: number;
  readonly charge: number;
  readonly id: string;
}

const isIn = (value: number, low: number, high: number) => value >= low && value <= high;

/** The objects of a term in crossing e that pass its own cuts, in physical units. */
function particles(objects: TriggerObjects, term: ObjectTerm, e: number): Particle[] {
  const { collection, scalar, phi, hwThreshold } = objectDefinition(term.type);
  const crossing = e + term.bx;
  if (crossing < 0 || crossing >= objects.crossings) return [];
  const least = hwThreshold(term.threshold);
  if (collection === undefined) {
    const hw = objects.scalars[scalar as string][crossing];
    const azimuth = phi === undefined ? 0 : objects.scalars[phi][crossing];
    const center = ((azimuth + 0.5) * 2 * Math.PI) / 144;
    return hw >= least ? [{ pt: hw / 2 + 0.25, eta: 0, phi: center, charge: 0, id: "s" }] : [];
  }
  const from = objects[collection];
  if (from === undefined) return [];
  const { offsets, columns } = from;
  const found: Particle[] = [];
  for (let i = offsets[crossing]; i < offsets[crossing + 1]; i++) {
    const at = (column: string) => columns[column][i];
    const byColumn = new Map<string, boolean>();
    for (const { column, windows } of term.cuts)
      byColumn.set(
        column,
        (byColumn.get(column) ?? false) || windows.some(([l, h]) => isIn(at(column), l, h)),
      );
    if (at("hwPt") < least || [...byColumn.values()].includes(false)) continue;
    const isMuon = collection === "muons";
    found.push({
      pt: isMuon ? (at("hwPt") - 1) / 2 + 0.25 : at("hwPt") / 2 + 0.25,
      eta: isMuon ? at("hwEtaAtVtx") * 0.010875 : (at("hwEta") + 0.5) * 0.0435,
      phi: isMuon
        ? ((at("hwPhiAtVtx") + 0.5) * 2 * Math.PI) / 576
        : ((at("hwPhi") + 0.5) * 2 * Math.PI) / 144,
      charge: isMuon && at("hwChargeValid") === 1 ? 1 - 2 * at("hwCharge") : 0,
      id: `${collection}${i}`,
    });
  }
  return found;
}

/** All choices of different particles, one from each list. */
function choices(lists: readonly Particle[][]): Particle[][] {
  return lists.reduce<Particle[][]>(
    (all, list) =>
      all.flatMap((chosen) =>
        list.filter(({ id }) => chosen.every((c) => c.id !== id)).map((p) => [...chosen, p]),
      ),
    [[]],
  );
}

const turn = 2 * Math.PI;
const wrap = (x: number) => x - turn * Math.round(x / turn);
const deltaPhi = (a: Particle, b: Particle) => Math.abs(wrap(a.phi - b.phi));

/** One quantity against its range. */
function judge(value: number, { min, max }: { min: number; max: number }): Verdict {
  const near = (limit: number) =>
    limit === 0 || !Number.isFinite(limit) ? 1 : Math.abs(value - limit) / limit;
  return { isTrue: isIn(value, min, max), margin: Math.min(near(min), near(max)) };
}

function judgeChoice({ name, cuts }: Condition, chosen: readonly Particle[]): Verdict {
  const removes = name.endsWith("_orm");
  const kept = removes ? chosen.slice(0, -1) : chosen;
  const verdicts = cuts.flatMap((cut): Verdict[] => {
    if (cut.kind === "CHGCOR") {
      const signs = kept.map(({ charge }) => charge);
      const sum = Math.abs(signs.reduce((s, c) => s + c, 0));
      const like = sum === kept.length;
      const opposite = kept.length === 4 ? sum === 0 : sum < kept.length;
      const isTrue = !signs.includes(0) && (cut.sign === "ls" ? like : opposite);
      return [{ isTrue, margin: 1 }];
    }
    if (cut.kind.startsWith("ORM")) {
      const remover = chosen[chosen.length - 1];
      return kept.map((p) => {
        const near = judge(Math.hypot(p.eta - remover.eta, deltaPhi(p, remover)), cut);
        return { isTrue: !near.isTrue, margin: near.margin };
      });
    }
    const [a, b] = kept;
    if (cut.kind === "DETA") return [judge(Math.abs(a.eta - b.eta), cut)];
    if (cut.kind === "DPHI") return [judge(deltaPhi(a, b), cut)];
    if (cut.kind === "DR") return [judge(Math.hypot(a.eta - b.eta, deltaPhi(a, b)), cut)];
    let squared = 0;
    for (let y = 1; y < kept.length; y++)
      for (let x = 0; x < y; x++) {
        const cosh = name === "mass_trv" ? 1 : Math.cosh(kept[x].eta - kept[y].eta);
        squared += 2 * kept[x].pt * kept[y].pt * (cosh - Math.cos(deltaPhi(kept[x], kept[y])));
      }
    return [judge(Math.sqrt(Math.max(0, squared)), cut)];
  });
  return {
    isTrue: verdicts.every(({ isTrue }) => isTrue),
    margin: Math.min(1, ...verdicts.map(({ margin }) => margin)),
  };
}

/**
 * A slow twin of the menu in physical units and floating point: it tries all choices of objects.
 * `margin` is the distance to the nearest limit of any choice.
 */
export function twin(expression: Expression, objects: TriggerObjects, e: number): Verdict {
  if (expression.kind === "condition") {
    const lists = expression.objects.map((term) => particles(objects, term, e));
    const verdicts = choices(lists).map((chosen) => judgeChoice(expression, chosen));
    return {
      isTrue: verdicts.some(({ isTrue }) => isTrue),
      margin: Math.min(1, ...verdicts.map(({ margin }) => margin)),
    };
  }
  if (expression.kind === "given") throw new Error("the twin has no answers from outside");
  const terms = "term" in expression ? [expression.term] : expression.terms;
  const verdicts = terms.map((term) => twin(term, objects, e));
  const answers = verdicts.map(({ isTrue }) => isTrue);
  const isTrue = {
    and: !answers.includes(false),
    or: answers.includes(true),
    xor: answers.filter((yes) => yes).length % 2 === 1,
    not: !answers[0],
  }[expression.kind];
  return { isTrue, margin: Math.min(...verdicts.map(({ margin }) => margin)) };
}
