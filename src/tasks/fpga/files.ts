import { isFortyError } from "../../base/errors.ts";
import {
  type EmittedFile,
  emitCpp,
  emitSystemVerilog,
  emitTestbench,
  emitWordTop,
  exportQonnx,
  inferLanes,
  muonWord,
} from "../../fpga/index.ts";
import { encodeModel } from "../../onnx/index.ts";
import type { Design } from "./resources.ts";
import type { Vectors } from "./vectors.ts";

/** Everything that a design is handed over as. */
export interface DesignFiles {
  /** By path in the run folder. */
  readonly files: readonly { readonly path: string; readonly content: string | Uint8Array }[];
  /** Top module of the testbench. */
  readonly top: string;
  /** Why there is no QONNX file; null where there is one. */
  readonly noQonnx: string | null;
}

/** Folder of the logic in the run folder. */
export const logicFolder = "rtl";

/** Labels of the muon model's inputs, for which there is a top level with the raw word as a port. */
const muonLabels = ["hwPtL1", "hwPhiL1", "hwEtaL1", "hwSignL1"];

/**
 * SystemVerilog with testbench and vectors, C++ and QONNX. A model of the muon integers has a top
 * level that takes raw muon words, and its testbench goes through that.
 */
export function designFiles(
  { program, netlist, vectors, pipeline }: Design,
  { inputs, outputs }: Vectors,
  notes: readonly string[],
): DesignFiles {
  const options = { program, lanes: inferLanes(program), vectors, notes };
  const [port] = program.inputs;
  const isMuon = program.inputs.length === 1 && port.labels.join() === muonLabels.join();
  const word = isMuon ? muonWord() : undefined;
  const given = word ? { [word.name]: inputs[port.name] } : inputs;
  const tops = word ? [emitWordTop(netlist, pipeline, word, options)] : [];
  const bench = emitTestbench(
    netlist,
    pipeline,
    { inputs: given, outputs },
    { ...options, ...(word ? { word } : {}) },
  );
  const rtl = [...emitSystemVerilog(netlist, pipeline, options), ...tops, ...bench];
  const within =
    (folder: string) =>
    ({ path, text }: EmittedFile) => ({
      path: `${folder}/${path}`,
      content: text,
    });
  const qonnx = tryQonnx(program);
  const main = bench.find(({ path }) => path.endsWith("_main.cpp"))!.path;
  return {
    files: [
      ...rtl.map(within(logicFolder)),
      within("cpp")(emitCpp(program)),
      { path: "program.json", content: programText(program) },
      ...(typeof qonnx === "string" ? [] : [{ path: "model.qonnx", content: qonnx }]),
    ],
    top: main.replace(/_main\.cpp$/, ""),
    noQonnx: typeof qonnx === "string" ? qonnx : null,
  };
}

/** The file, or why there cannot be one. */
function tryQonnx(program: Design["program"]): Uint8Array | string {
  try {
    return encodeModel(exportQonnx(program));
  } catch (error) {
    if (isFortyError(error)) return error.message;
    throw error;
  }
}

/** The integer program as JSON, arrays as lists. */
function programText(program: Design["program"]): string {
  const plain = (_: string, value: unknown) =>
    ArrayBuffer.isView(value) ? Array.from(value as Int32Array) : value;
  return `${JSON.stringify(program, plain)}\n`;
}
