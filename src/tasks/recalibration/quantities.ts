/** Kinds of Level-1 objects that are recalibrated. */
export type ObjectKind = "muons" | "jets";

/** What is recalibrated. */
export type Quantity = "phi" | "eta" | "pt";

/** In the order of the report's Table 7. */
export const quantities: readonly Quantity[] = ["phi", "eta", "pt"];

/** How a quantity is written: label, unit, name of its calibrated column. */
export const quantityText: Readonly<
  Record<Quantity, { readonly label: string; readonly unit: string; readonly output: string }>
> = {
  phi: { label: "φ", unit: "rad", output: "phiCalib" },
  eta: { label: "η", unit: "", output: "etaCalib" },
  pt: { label: "p_{T}", unit: "GeV", output: "ptCalib" },
};

/** Some of the quantities, each [rows]: pt in GeV, phi in rad, [0, 2π). */
export type Values = Partial<Readonly<Record<Quantity, Float64Array>>>;

/** What resolution and bias are shown against, per row of a table. */
export interface Variable {
  readonly label: string;
  readonly unit: string;
  readonly values: Float64Array;
  /** Ascending. */
  readonly edges: readonly number[];
}
