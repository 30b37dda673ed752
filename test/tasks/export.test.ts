import { describe, expect, test } from "vitest";
import { numericColumn } from "../../src/data/index.ts";
import { parseRecalibration } from "../../src/tasks/index.ts";
import { exportLearned, learn } from "../../src/tasks/recalibration/learn.ts";
import {
  type Dataset,
  inputMatrix,
  prepareObjects,
} from "../../src/tasks/recalibration/prepare.ts";
import { temporaryFolder } from "../data/folder.ts";
import { runtime, writeSimulated } from "./samples.ts";

const folder = temporaryFolder();

describe("what is exported", () => {
  test.each(["relative", "delta", "width"] as const)(
    "agrees with the network and the formulas of its objective: %s",
    async (minimize) => {
      const config = parseRecalibration("muons", { model: "8x1", batch: 64, epochs: 1, minimize });
      const file = await writeSimulated(folder.at("muons.parquet"));
      const data = await prepareObjects("muons", [file], config);
      const learned = await learn(runtime, data, config);
      const bytes = exportLearned(data, config, learned, {});
      const session = await runtime.load(bytes);
      const rows = data.parts.test.slice(0, 100);
      const outputs = await session.run({ muons: inputMatrix(data.source, data.table, rows) });
      await session.dispose();
      const slow = slowModel(data, learned, rows);
      rows.forEach((row, i) => {
        const [phi, eta, pt] = slow[i];
        const { mean, deviation } = ptStandard(data, minimize);
        const z = pt * deviation + mean;
        const l1 = data.level1.pt![row];
        const expectedPt = minimize === "delta" ? l1 - z : l1 * Math.exp(z);
        expect(Math.abs(outputs.ptCalib.data[i] as number) / expectedPt).toBeCloseTo(1, 4);
        const d = (q: "phi" | "eta", z: number) => {
          const s = deltaStandard(data, q);
          return data.level1[q]![row] - (z * s.deviation + s.mean);
        };
        expect(outputs.etaCalib.data[i]).toBeCloseTo(d("eta", eta), 4);
        const turn = (outputs.phiCalib.data[i] as number) - d("phi", phi);
        expect(Math.abs(Math.sin(turn / 2))).toBeLessThan(1e-4);
      });
    },
  );
});

type Learned = Awaited<ReturnType<typeof learn>>;
type Leaf = { data: Float32Array; shape: readonly number[] };

/** The inference form of an Hx1 network in float64: dense, batch norm by running values, ReLU, dense. */
function slowModel(data: Dataset, { fit, scale }: Learned, rows: Uint32Array): number[][] {
  const { params, state } = fit.variables as unknown as {
    params: Record<string, Record<string, Leaf>>;
    state: Record<string, Record<string, Leaf>>;
  };
  const named = (tree: typeof params, leaf: string) =>
    Object.values(tree).flatMap((branch) => (branch[leaf] ? [branch[leaf]] : []));
  const [first, last] = named(params, "weight");
  const [gamma] = named(params, "gamma");
  const [beta] = named(params, "beta");
  const [bias] = named(params, "bias");
  const [mean] = named(state, "mean");
  const [variance] = named(state, "variance");
  const { pt, phi, eta } = data.level1;
  const sign = numericColumn(data.table, "hwSignL1");
  return Array.from(rows, (row) => {
    const x = [pt![row], phi![row], eta![row], sign[row]].map(
      (value, j) => (value - scale.offset[j]) * scale.scale[j],
    );
    const hidden = Array.from({ length: 8 }, (_, h) => {
      const z = x.reduce((sum, value, j) => sum + value * first.data[8 * j + h], 0);
      const unit = (z - mean.data[h]) / Math.sqrt(variance.data[h] + 1e-3);
      return Math.max(0, unit * gamma.data[h] + beta.data[h]);
    });
    return [0, 1, 2].map((t) =>
      hidden.reduce((sum, value, h) => sum + value * last.data[3 * h + t], bias.data[t]),
    );
  });
}

function standardOf(values: number[]) {
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return { mean, deviation: Math.sqrt(variance) };
}

function ptStandard({ level1, offline, parts }: Dataset, minimize: string) {
  return standardOf(
    Array.from(parts.train, (i) => {
      const [before, after] = [level1.pt![i], offline.pt![i]];
      return minimize === "delta" ? before - after : Math.log(after / before);
    }),
  );
}

function deltaStandard({ level1, offline, parts }: Dataset, q: "phi" | "eta") {
  return standardOf(
    Array.from(parts.train, (i) => {
      const d = level1[q]![i] - offline[q]![i];
      return q === "phi" ? Math.atan2(Math.sin(d), Math.cos(d)) : d;
    }),
  );
}
