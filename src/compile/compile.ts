import { invariant } from "../base/errors.ts";
import { type Tensor, verify } from "../graph/index.ts";
import { encodeModel } from "../onnx/index.ts";
import { bindDims, type DimBindings } from "./bind.ts";
import { splitRows } from "./columns.ts";
import { layout } from "./layout.ts";
import { liftNumbers } from "./lift.ts";
import { lower } from "./lower.ts";
import { merge } from "./merge.ts";
import { moveScales } from "./scale.ts";
import { share } from "./share.ts";
import { simplify } from "./simplify.ts";

/** What to compile. */
export interface CompileSpec {
  /** Name of the graph in the ONNX file. */
  readonly name: string;
  /** Values to compute, by output name. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** Inputs in the order wanted; ones that nothing reads are kept. */
  readonly inputs?: readonly Tensor[];
  /** Named sizes to fix, which lets more be computed ahead. */
  readonly dims?: DimBindings;
  /** Provenance and units, stored in the file's `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Runs the passes; off only to compare with the graph as written. Default true. */
  readonly optimize?: boolean;
  /** Called with the graph after each pass. */
  readonly onPass?: (pass: string, outputs: readonly Tensor[]) => void;
}

type Pass = (outputs: readonly Tensor[]) => Tensor[];
const rounds: readonly (readonly [string, Pass])[] = [
  ["simplify", simplify],
  ["share", share],
  ["layout", layout],
  ["scale", moveScales],
];
const maxRounds = 50;

/**
 * Graph to ONNX bytes: binds sizes, then simplifies, shares, and moves transposes and scales until
 * nothing changes, merges biases, splits short rows, lifts numbers, and lowers. A verifier runs after each pass.
 */
export function compile(spec: CompileSpec): Uint8Array {
  const keys = Object.keys(spec.outputs);
  const kept = spec.inputs ?? [];
  let tensors = bindDims([...Object.values(spec.outputs), ...kept], spec.dims ?? {});
  verify("bind", tensors);
  const types = tensors.map(({ dtype, shape }) => ({ dtype, shape }));
  const run = (name: string, pass: Pass): boolean => {
    const next = pass(tensors);
    const changed = next.some((t, i) => t !== tensors[i]);
    tensors = next;
    if (changed) {
      verify(name, tensors, types);
      spec.onPass?.(name, tensors);
    }
    return changed;
  };
  if (spec.optimize ?? true) {
    for (let round = 0; rounds.map(([name, pass]) => run(name, pass)).includes(true); round++)
      invariant(round < maxRounds, `the passes are still at work after ${maxRounds} rounds`);
    run("merge", merge);
    run("columns", splitRows);
    run("lift", liftNumbers);
    run("simplify", simplify);
    run("share", share);
  }
  const outputs = Object.fromEntries(keys.map((key, i) => [key, tensors[i]]));
  return encodeModel(lower(spec.name, outputs, tensors.slice(keys.length), spec.metadata ?? {}));
}
