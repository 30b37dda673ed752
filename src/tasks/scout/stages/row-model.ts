import { ConfigError } from "../../../base/errors.ts";
import { float32 } from "../../../base/host-array.ts";
import {
  createEvaluator,
  type FixedProgram,
  inferLanes,
  programInputs,
} from "../../../fpga/index.ts";
import { createPredictor } from "../../../nn/index.ts";
import type { Runtime } from "../../../runtime/index.ts";
import { isProgramText, readProgram } from "../../fpga/read-program.ts";

/** A model of rows: an ONNX file, or a fixed-point program, bit for bit as the logic computes. */
export interface RowModel {
  /** Its only input. */
  readonly inputName: string;
  /** Names of the input columns where the model tells them: a program does. */
  readonly columns: readonly string[] | null;
  readonly outputs: readonly string[];
  /**
   * Outputs by name, in physical units.
   * @param matrix - row-major [rows, columns].
   * @param into - where to put outputs [rows], by name.
   */
  run(
    matrix: Float32Array,
    rows: number,
    into?: Readonly<Record<string, Float32Array>>,
  ): Promise<Readonly<Record<string, ArrayLike<number>>>>;
  dispose(): Promise<void>;
}

/**
 * A model from an ONNX file or the `program.json` of `forty fpga`.
 * @param width - input columns. @param blockRows - rows at a time, of an ONNX file.
 * @throws ConfigError for models with several inputs, or of another width.
 */
export async function createRowModel(
  runtime: Runtime,
  bytes: Uint8Array,
  {
    where,
    width,
    blockRows,
  }: { readonly where: string; readonly width: number; readonly blockRows?: number },
): Promise<RowModel> {
  if (isProgramText(bytes)) return programModel(readProgram(bytes, where), where, width);
  const session = await runtime.load(bytes, { threads: 1 });
  const { inputs, outputs } = session;
  await session.dispose();
  if (inputs.length !== 1)
    throw new ConfigError(
      `${where}: has the inputs ${inputs.map(({ name }) => name).join(", ")}; one of [batch, ${width}] is needed`,
    );
  const [{ name: inputName }] = inputs;
  const predictor = await createPredictor(runtime, bytes, {
    threads: 1,
    ...(blockRows !== undefined && { blockRows }),
  });
  return {
    ...{ inputName, columns: null, outputs: outputs.map(({ name }) => name) },
    async run(matrix, rows, into) {
      const feeds = { [inputName]: float32(matrix, [rows, width]) };
      const given = Object.entries(into ?? {}).map(([name, values]) => [name, float32(values)]);
      const results = await predictor.predict(feeds, into && Object.fromEntries(given));
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
      );
    },
    dispose: () => predictor.dispose(),
  };
}

/** Numbers are rounded to the integers of the ports and held within them; one lane an output. */
function programModel(program: FixedProgram, where: string, width: number): RowModel {
  const [{ name: inputName, labels }, ...others] = program.inputs;
  if (others.length > 0 || labels.length !== width)
    throw new ConfigError(
      `${where}: the program reads ${program.inputs.flatMap((i) => i.labels).join(", ")}; one input of ${width} columns is needed`,
    );
  const lanes = inferLanes(program);
  const steps = program.outputs.map(({ name, from, unit }) => {
    const [lane, ...more] = lanes.get(from) ?? [];
    if (more.length > 0)
      throw new ConfigError(
        `${where}: output "${name}" has ${more.length + 1} values a row, not 1`,
      );
    return unit * 2 ** -lane.fraction;
  });
  const evaluator = createEvaluator(program);
  return {
    ...{ inputName, columns: labels, outputs: program.outputs.map(({ name }) => name) },
    async run(matrix, _, into = {}) {
      const integers = programInputs(program, { [inputName]: Float64Array.from(matrix) });
      const results = evaluator.run(integers);
      return Object.fromEntries(
        program.outputs.map(({ name }, o) => {
          const values = results[name].map((n) => n * steps[o]);
          into[name]?.set(values);
          return [name, values];
        }),
      );
    },
    async dispose() {},
  };
}
