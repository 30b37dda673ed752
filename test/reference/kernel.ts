import type { Attrs, Dim, OpDef } from "../../src/graph/index.ts";
import type * as records from "../../src/ops/records.ts";
import type { RefArray } from "./array.ts";

type Records = typeof records;
type AttrsOf<T> = T extends OpDef<infer A> ? A : never;

/** What a kernel sees besides its inputs and attributes. */
export interface KernelContext {
  /** A size as a number. */
  size(dim: Dim): number;
  /** The array fed under a name. */
  fed(name: string): RefArray;
}

/** Computes the outputs of one op, shapes included, from scratch. */
export type Kernel<A = Attrs> = (
  inputs: readonly RefArray[],
  attrs: A,
  context: KernelContext,
) => RefArray | readonly RefArray[];

/** One kernel per op record; a missing one fails the type check. */
export type Kernels = { readonly [K in keyof Records]: Kernel<AttrsOf<Records[K]>> };
