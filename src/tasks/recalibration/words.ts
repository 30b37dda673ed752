import type { ObjectKind } from "./quantities.ts";

/** How an object is called in running text and labels. */
export interface Words {
  readonly one: string;
  readonly many: string;
  readonly One: string;
  readonly Many: string;
}

export const wordsOf: Readonly<Record<ObjectKind, Words>> = {
  muons: { one: "muon", many: "muons", One: "Muon", Many: "Muons" },
  jets: { one: "jet", many: "jets", One: "Jet", Many: "Jets" },
};

export const capital = (text: string) => text[0].toUpperCase() + text.slice(1);

export const countText = (n: number) => n.toLocaleString("en-US");
