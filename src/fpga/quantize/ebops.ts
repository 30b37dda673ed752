import { inferLanes } from "../interpret/index.ts";
import type { FixedProgram, Lane } from "../program.ts";

/** Effective bit operations of one layer. */
export interface LayerEbops {
  readonly layer: string;
  readonly ebops: number;
  /** Products with a weight that is not zero, or of two lanes. */
  readonly products: number;
}

/**
 * Effective bit operations: sum over all products of bits of the one factor times bits of the other.
 * Bits of a weight reach from its highest to its lowest digit that is not zero: powers of two have
 * one. About the LUTs of unrolled logic without DSP blocks.
 * @see C. Sun et al., "Gradient-based automatic mixed precision quantization" (HGQ),
 *   arXiv:2405.00645, section 3.3
 */
export function ebops(program: FixedProgram): readonly LayerEbops[] {
  const layers = new Map<string, { ebops: number; products: number }>();
  forEachProduct(program, (layer, a, b) => {
    const own = layers.get(layer) ?? { ebops: 0, products: 0 };
    layers.set(layer, { ebops: own.ebops + a * b, products: own.products + 1 });
  });
  return [...layers].map(([layer, sums]) => ({ layer, ...sums }));
}

/** Effective bit operations of all layers together. */
export const totalEbops = (program: FixedProgram): number =>
  ebops(program).reduce((sum, layer) => sum + layer.ebops, 0);

/**
 * Mean width of weights and activations, each counted as often as it is multiplied: the mean over
 * all products of half the sum of both factors' bits. Weights that are zero are not there.
 */
export function meanBits(program: FixedProgram): number {
  let bits = 0;
  let products = 0;
  forEachProduct(program, (_, a, b) => {
    bits += (a + b) / 2;
    products++;
  });
  return products > 0 ? bits / products : 0;
}

/** Bits of an integer without the zeros around its digits: 12 = 1100 has 2. */
export function spanBits(n: number): number {
  let rest = Math.abs(n);
  if (rest === 0) return 0;
  while (rest % 2 === 0) rest /= 2;
  return Math.floor(Math.log2(rest)) + 1;
}

/** Bits of a wire, its sign included. */
export function laneBits({ lo, hi }: Pick<Lane, "lo" | "hi">): number {
  const magnitude = Math.max(hi, -lo - 1);
  return (magnitude > 0 ? Math.floor(Math.log2(magnitude)) + 1 : 0) + (lo < 0 ? 1 : 0);
}

function forEachProduct(
  program: FixedProgram,
  visit: (layer: string, a: number, b: number) => void,
): void {
  const lanes = inferLanes(program);
  for (const op of program.ops) {
    if (op.op === "multiply") {
      const [a, b] = [lanes.get(op.a)!, lanes.get(op.b)!];
      for (let i = 0; i < Math.max(a.length, b.length); i++) {
        const x = laneBits(a[a.length === 1 ? 0 : i]);
        const y = laneBits(b[b.length === 1 ? 0 : i]);
        if (x > 0 && y > 0) visit(op.layer, x, y);
      }
    }
    if (op.op !== "affine") continue;
    const widths = lanes.get(op.input)!.map(laneBits);
    const spans = Array.from(op.weights, spanBits);
    const { columns, gather } = op;
    const positions = gather ? gather.length / columns : 1;
    for (let p = 0; p < positions; p++)
      for (let i = 0; i < spans.length; i++) {
        const column = i % columns;
        const lane = gather ? gather[p * columns + column] : column;
        if (lane >= 0 && spans[i] > 0 && widths[lane] > 0) visit(op.layer, widths[lane], spans[i]);
      }
  }
}
