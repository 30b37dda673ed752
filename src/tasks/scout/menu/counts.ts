import type { AlgorithmCheck } from "../../../cms/menu/index.ts";

/** An algorithm over all files. */
export interface AlgorithmCounts extends Partial<Omit<AlgorithmCheck, "name" | "bit">> {
  readonly name: string;
  /** Null for seeds of one's own. */
  readonly bit: number | null;
  readonly isDecided: boolean;
  /** Crossings before prescales. */
  readonly fired: number;
  readonly prescale: number;
  /** After prescales, with binomial errors. */
  readonly rateKHz: number;
  readonly errorKHz: number;
  readonly pureKHz: number;
  readonly pureErrorKHz: number;
}

export interface MenuCounts {
  readonly menu: string;
  readonly crossings: number;
  /** Of raw files; dropped ones by reason. */
  readonly orbits: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly bunches: number;
  readonly algorithms: readonly AlgorithmCounts[];
  /** Of any algorithm. */
  readonly total: { readonly rateKHz: number; readonly errorKHz: number };
  /** Algorithms that fired, that could not be decided here, and that differ from the files' bits. */
  readonly fired: number;
  readonly undecided: number;
  readonly differing: number;
  readonly overlaps: readonly {
    readonly a: string;
    readonly b: string;
    readonly rateKHz: number;
    readonly errorKHz: number;
    /** Of the crossings that either takes. */
    readonly share: number;
  }[];
  readonly curve: {
    readonly name: string;
    /** GeV. */
    readonly own: number;
    readonly points: readonly {
      readonly threshold: number;
      readonly rateKHz: number;
      readonly errorKHz: number;
    }[];
  } | null;
  /** Crossings that two algorithms share, where overlaps were asked for. */
  readonly shared: (a: string, b: string) => number;
}
