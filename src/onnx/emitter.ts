import { type DType, type HostArray, hostArray } from "../base/host-array.ts";
import type {
  AttributeProto,
  ModelProto,
  NodeProto,
  TensorProto,
  ValueInfoProto,
} from "./model.ts";
import { elementTypes, toTensorProto } from "./tensor.ts";

/** ONNX attribute values as the lowering writes them; booleans become 0 or 1. */
export type AttributeValue =
  | number
  | boolean
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] };

export interface EmittedValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** Operator set that every lowering targets. */
export const opsetVersion = 21;

/** Collects nodes and initializers of one ONNX graph, in order. */
export class Emitter {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers: TensorProto[] = [];
  private readonly constants = new Map<string, string>();
  private readonly domains = new Set<string>();
  private readonly used = new Map<string, number>();
  private readonly renamed = new Map<string, string>();
  private readonly outputNames = new Set<string>();

  /** A name not used yet: the base, or the base and a number. */
  private fresh(base: string): string {
    let n = this.used.get(base) ?? 0;
    let name = n === 0 ? base : `${base}_${n}`;
    while (this.used.has(name)) name = `${base}_${++n}`;
    this.used.set(name, 1).set(base, n + 1);
    return name;
  }

  /** Claims a name as it stands, for graph inputs and outputs. */
  reserve(name: string): string {
    this.used.set(name, (this.used.get(name) ?? 0) + 1);
    return name;
  }

  /** Adds a node with one output and returns its name. Empty input names mean "absent". */
  node(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    domain = "",
  ): string {
    return this.addNode(opType, inputs, attributes, 1, domain)[0];
  }

  /** Converts to another element type. */
  cast(input: string, to: DType): string {
    return this.node("Cast", [input], { to: elementTypes[to] });
  }

  /** Adds a node with several outputs. */
  multi(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    outputs: number,
    domain = "",
  ): string[] {
    return this.addNode(opType, inputs, attributes, outputs, domain);
  }

  private addNode(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>>,
    outputs: number,
    domain: string,
  ): string[] {
    const names = Array.from({ length: outputs }, () => this.fresh(opType.toLowerCase()));
    if (domain) this.domains.add(domain);
    this.nodes.push({
      opType,
      name: names[0],
      input: inputs,
      output: names,
      attribute: Object.entries(attributes).map(([name, value]) => toAttribute(name, value)),
      ...(domain ? { domain } : {}),
    });
    return names;
  }

  /**
   * Gives a value the name of a graph output. A node's result is renamed where it is made; an
   * input, an initializer or a value with an output name already is copied.
   */
  output(from: string, to: string): void {
    const maker = this.nodes.find((n) => n.output.includes(from));
    if (!maker || this.outputNames.has(from)) {
      this.nodes.push({ opType: "Identity", name: to, input: [from], output: [to], attribute: [] });
    } else this.renamed.set(from, to);
    this.outputNames.add(to).add(from);
  }

  /** Adds an initializer; equal small constants are stored once. A name in use gets a number. */
  constant(value: HostArray, name?: string): string {
    const { buffer, byteOffset, byteLength } = value.data;
    const bytes = new Uint8Array(buffer, byteOffset, byteLength); // these tell -0 from 0
    const key = byteLength <= 256 ? `${value.dtype}[${value.shape}]${bytes.join()}` : "";
    const known = name === undefined && key ? this.constants.get(key) : undefined;
    if (known) return known;
    const unique = this.fresh(name ?? "const");
    this.initializers.push(toTensorProto(unique, value));
    if (key && name === undefined) this.constants.set(key, unique);
    return unique;
  }

  /** A one-axis int64 constant, as shapes and axes are given in ONNX. */
  ints(values: readonly number[]): string {
    return this.constant(hostArray("int64", [values.length], BigInt64Array.from(values, BigInt)));
  }

  /** A scalar constant of a dtype. */
  scalar(dtype: DType, value: number): string {
    const data =
      dtype === "float32"
        ? Float32Array.of(value)
        : dtype === "float64"
          ? Float64Array.of(value)
          : dtype === "int32"
            ? Int32Array.of(value)
            : dtype === "int64"
              ? BigInt64Array.of(BigInt(value))
              : Uint8Array.of(value);
    return this.constant(hostArray(dtype, [], data));
  }

  /** The finished model. */
  finish(
    name: string,
    inputs: readonly EmittedValue[],
    outputs: readonly EmittedValue[],
    metadata: Readonly<Record<string, string>> = {},
  ): ModelProto {
    const rename = (names: readonly string[]) => names.map((n) => this.renamed.get(n) ?? n);
    const node = this.nodes.map((n) => ({
      ...n,
      input: rename(n.input),
      output: rename(n.output),
    }));
    return {
      irVersion: 10,
      opsetImport: [
        { domain: "", version: opsetVersion },
        ...[...this.domains].map((domain) => ({ domain, version: 1 })),
      ],
      producerName: "forty",
      graph: {
        name,
        node,
        initializer: this.initializers,
        input: inputs.map(toValueInfo),
        output: outputs.map(toValueInfo),
      },
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    };
  }
}

function toValueInfo({ name, dtype, shape }: EmittedValue): ValueInfoProto {
  const dim = shape.map((d) => (typeof d === "number" ? { dimValue: d } : { dimParam: d }));
  return { name, type: { tensorType: { elemType: elementTypes[dtype], shape: { dim } } } };
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, FLOATS 6, INTS 7. */
function toAttribute(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "number") return { name, type: 2, i: value };
  if (typeof value === "boolean") return { name, type: 2, i: value ? 1 : 0 };
  if (typeof value === "string") return { name, type: 3, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: 1, f: value.float };
  if ("floats" in value) return { name, type: 6, floats: value.floats };
  return { name, type: 7, ints: value };
}
