// What a user's strict project may write; compiled against the shipped types by test/package.
import {
  type CompileSpec,
  compile,
  createNodeRuntime,
  float32,
  grad,
  type HostArray,
  input,
  type Runtime,
  sum,
  type Tensor,
} from "forty";
import { deltaR, type Muons, simulateMuons } from "forty/cms";
import { readTable, type Table } from "forty/data";
import { adam, dense, type FitResult, fit, type Layer, mse } from "forty/nn";
import { type Page, renderPage } from "forty/report";
import { createWebRuntime } from "forty/runtime-web";
import { rms } from "forty/stats";
import { parseRecalibration, type RecalibrationConfig } from "forty/tasks";

const x: Tensor = input("x", "float32", ["n"]);
const [g] = grad(sum(x), [x]);
const spec: CompileSpec = { name: "g", outputs: { g } };
const runtimes: Runtime[] = [createNodeRuntime({ threads: 1 }), createWebRuntime()];
const array: HostArray = float32([1, 2, 3]);
const model: Layer = dense(1, 1);
const trained: Promise<FitResult> = fit(runtimes[0], {
  model,
  loss: mse(),
  optimizer: adam(),
  data: { x: array, y: array },
  epochs: 1,
});
const muons: Muons = simulateMuons({ rows: 1, seed: 1 });
const table: Promise<Table> = readTable("muons.csv", { columns: ["pt"], where: "pt > 5" });
const page: Page = { title: "t", sections: [] };
const config: RecalibrationConfig = parseRecalibration("muons", { model: "32x3" });

// @ts-expect-error the number of rows is needed
simulateMuons({ seed: 1 });
// @ts-expect-error there is no such dtype
input("x", "float16", ["n"]);

export const used = [compile(spec), trained, muons, table, page, config, deltaR, rms, renderPage];
