import { type FixedFormat, fractionOf } from "../format.ts";
import { finestOf, inferLanes, positionsOf } from "../interpret/lanes.ts";
import type { FixedOp, FixedProgram, Lane, Lanes } from "../program.ts";
import { cppRuntime } from "./cpp-runtime.ts";
import { describeOp } from "./describe.ts";
import { comment, wrapped } from "./layout.ts";
import { identifier, type Scope, scope } from "./names.ts";
import type { EmittedFile } from "./wires.ts";

/** Words that C++20 reserves, and names the header uses itself. */
const reserved = new Set(
  `alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t
char32_t class co_await co_return co_yield compl concept const const_cast consteval constexpr
constinit continue decltype default delete do double dynamic_cast else enum explicit export extern
false float for friend goto if inline int long mutable namespace new noexcept not not_eq nullptr
operator or or_eq private protected public register reinterpret_cast requires return short signed
sizeof static static_assert static_cast struct switch template this thread_local throw true try
typedef typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq
std fixed_point int32_t int64_t uint64_t Input Output infer in out main i row column position sum
up cast rounded wrapped Format Rounding Overflow`.split(/\s+/),
);

/**
 * A program as one C++17 header without dependencies: constant arrays, `struct Input`, `struct
 * Output` and `Output infer(const Input&)` in a namespace of the program's name, all of it inline
 * and free of state. The integers are those of the interpreter and of the logic, bit by bit.
 * Right shifts of negative numbers are arithmetic, which all compilers do and C++20 prescribes.
 */
export function emitCpp(program: FixedProgram): EmittedFile {
  const name = identifier(program.name, reserved);
  const lanes = inferLanes(program);
  const names = scope([], reserved);
  const inputs = new Map(program.inputs.map((input) => [input.name, names.claim(input.name)]));
  const outputs = program.outputs.map(({ name }) => identifier(name, reserved));
  const wires = new Map(inputs);
  for (const op of program.ops) wires.set(op.output, names.claim(op.output));
  const nameOf = (wire: string) => wires.get(wire)!;
  const declared: string[] = [];
  const body: string[] = [];
  for (const input of program.inputs) {
    body.push(`  const auto& ${nameOf(input.name)} = in.${nameOf(input.name)};`);
  }
  let layer = "";
  for (const op of program.ops) {
    if (op.layer !== layer) body.push("", ...comment([`layer ${op.layer}`], "  //"));
    layer = op.layer;
    const context = { lanes, nameOf, names, declared, output: nameOf(op.output) };
    const size = lanes.get(op.output)!.length;
    body.push(...comment([`${op.output} = ${describeOp(op)}`], "  //"));
    body.push(`  int64_t ${context.output}[${size}];`, ...opLines(op, context));
  }
  const text = [
    ...comment([
      `${program.name} in integers: the results of the logic, bit by bit`,
      ...program.inputs.flatMap((input) => [
        `in.${nameOf(input.name)}: ${input.labels.map((label, i) => `[${i}] ${label} ${rangeText(input.lanes[i])}`).join(", ")}`,
      ]),
      ...program.outputs.map(({ from, unit, physical }, i) => {
        const fractions = new Set(lanes.get(from)!.map(({ fraction }) => fraction));
        const step = fractions.size === 1 ? ` x 2^${-[...fractions][0]}` : "";
        return `out.${outputs[i]}: value = n${step}${unit === 1 ? "" : ` x ${unit}`}${physical === null ? "" : ` ${physical}`}`;
      }),
    ]),
    "#pragma once",
    "#include <cstdint>",
    "",
    `#ifndef FIXED_POINT_CASTS`,
    `#define FIXED_POINT_CASTS`,
    cppRuntime,
    "#endif",
    "",
    `namespace ${name} {`,
    "",
    "using namespace fixed_point;",
    "",
    ...struct(
      "Input",
      program.inputs.map((input) => [nameOf(input.name), input.lanes]),
    ),
    ...struct(
      "Output",
      program.outputs.map(({ from }, i) => [outputs[i], lanes.get(from)!]),
    ),
    ...declared,
    "inline Output infer(const Input& in) {",
    ...body,
    "",
    "  Output out;",
    ...program.outputs.map(({ from }, i) =>
      loop(lanes.get(from)!.length, `out.${outputs[i]}[i] = ${nameOf(from)}[i];`),
    ),
    "  return out;",
    "}",
    "",
    `}  // namespace ${name}`,
    "",
  ].join("\n");
  return { path: `${name}.hpp`, text };
}

const rangeText = ({ lo, hi, fraction }: Lane) =>
  `${lo} to ${hi}${fraction === 0 ? "" : ` x 2^${-fraction}`}`;

function struct(name: string, fields: readonly (readonly [string, readonly Lane[]])[]): string[] {
  const type = (lanes: readonly Lane[]) =>
    lanes.every(({ lo, hi }) => lo >= -(2 ** 31) && hi < 2 ** 31) ? "int32_t" : "int64_t";
  return [
    `struct ${name} {`,
    ...fields.map(([field, lanes]) => `  ${type(lanes)} ${field}[${lanes.length}];`),
    "};",
    "",
  ];
}

const loop = (n: number, line: string) =>
  n === 1 ? `  ${line.replaceAll(/\bi\b/g, "0")}` : `  for (int i = 0; i < ${n}; i++) ${line}`;

interface Context {
  readonly lanes: Lanes;
  readonly nameOf: (wire: string) => string;
  readonly names: Scope;
  /** Constants ahead of the function. */
  readonly declared: string[];
  /** Name of the array that the operation fills. */
  readonly output: string;
}

/** A constant array of the header; its name. */
function constants(
  { names, declared, output }: Context,
  what: string,
  values: ArrayLike<number>,
): string {
  const name = names.claim(`${output}_${what}`);
  const numbers = Array.from(values);
  const isSmall = numbers.every((n) => n >= -(2 ** 31) && n < 2 ** 31);
  declared.push(
    `static const ${isSmall ? "int32_t" : "int64_t"} ${name}[] = {`,
    ...wrapped(
      numbers.map((n) => (isSmall && n > -(2 ** 31) ? `${n}` : `int64_t(${n}LL)`)),
      "    ",
    ),
    "};",
    "",
  );
  return name;
}

/** One number for all lanes, or an array that lane i reads its own from. */
function perLane(context: Context, what: string, values: readonly number[], at = "i"): string {
  return values.every((value) => value === values[0])
    ? `${values[0]}`
    : `${constants(context, what, values)}[${at}]`;
}

function formats(context: Context, list: readonly FixedFormat[]): string {
  const name = context.names.claim(`${context.output}_format`);
  const text = (format: FixedFormat) =>
    `{${[format.signed, format.width, fractionOf(format), format.rounding, format.overflow].join(", ")}}`;
  context.declared.push(
    `static const Format ${name}[] = {`,
    ...wrapped(list.map(text), "    "),
    "};",
    "",
  );
  return `${name}[${list.length === 1 ? 0 : "i"}]`;
}

/** An operand of lane i, brought to a fraction given for each lane of the result. */
function aligned(
  context: Context,
  wire: string,
  fractions: readonly number[],
  what: string,
): string {
  const own = context.lanes.get(wire)!;
  const text = `${context.nameOf(wire)}[${own.length === 1 ? 0 : "i"}]`;
  const places = fractions.map((f, i) => f - own[own.length === 1 ? 0 : i].fraction);
  if (places.every((n) => n === 0)) return text;
  return `up(${text}, ${perLane(context, what, places)})`;
}

function opLines(op: FixedOp, context: Context): string[] {
  const { lanes, nameOf, output } = context;
  const result = lanes.get(op.output)!;
  const n = result.length;
  const each = (text: string) => [loop(n, `${output}[i] = ${text};`)];
  switch (op.op) {
    case "affine":
      return affineLines(op, context);
    case "quantize": {
      const from = lanes.get(op.input)!.map(({ fraction }) => fraction);
      const x = `${nameOf(op.input)}[i]`;
      return each(`cast(${x}, ${perLane(context, "from", from)}, ${formats(context, op.formats)})`);
    }
    case "multiply": {
      const side = (wire: string) =>
        `int64_t(${nameOf(wire)}[${lanes.get(wire)!.length === 1 ? 0 : "i"}])`;
      return each(`${side(op.a)} * ${side(op.b)}`);
    }
    case "add":
    case "sub":
    case "maximum": {
      const [a, b] = sides(op.a, op.b, context, n);
      if (op.op === "maximum") return each(`${a} > ${b} ? ${a} : ${b}`);
      return each(`int64_t(${a}) ${op.op === "add" ? "+" : "-"} ${b}`);
    }
    case "less": {
      const [a, b] = sides(op.a, op.b, context, n);
      return each(`${a} < ${b} ? 1 : 0`);
    }
    case "select": {
      const condition = `${nameOf(op.condition)}[${lanes.get(op.condition)!.length === 1 ? 0 : "i"}]`;
      const [a, b] = sides(op.a, op.b, context, n);
      return each(`${condition} != 0 ? ${a} : ${b}`);
    }
    case "relu":
      return each(`${nameOf(op.input)}[i] > 0 ? ${nameOf(op.input)}[i] : 0`);
    case "clamp": {
      const x = `${nameOf(op.input)}[i]`;
      return each(`${x} < ${op.lo} ? ${op.lo} : ${x} > ${op.hi} ? ${op.hi} : ${x}`);
    }
    case "rescale":
      return each(`${nameOf(op.input)}[i]`);
    case "modulo": {
      const x = `${nameOf(op.input)}[i]`;
      return each(
        `${x} < 0 ? ${x} + ${op.period} : ${x} >= ${op.period} ? ${x} - ${op.period} : ${x}`,
      );
    }
    case "table": {
      const table = constants(context, "table", op.values);
      const minus = op.first < 0 ? `+ ${-op.first}` : `- ${op.first}`;
      return each(`${table}[${nameOf(op.input)}[i] ${minus}]`);
    }
    case "pick":
      return op.lanes.map(
        ([input, lane], i) => `  ${output}[${i}] = ${nameOf(op.inputs[input])}[${lane}];`,
      );
    case "constant":
      return each(`${constants(context, "values", op.values)}[i]`);
    case "max":
    case "argmax":
      return reduceLines(op, context);
  }
}

/** Both operands at the finer fraction of each lane. */
function sides(a: string, b: string, context: Context, n: number): [string, string] {
  const lane = (wire: string, i: number) => {
    const own = context.lanes.get(wire)!;
    return own[own.length === 1 ? 0 : i].fraction;
  };
  const finer = Array.from({ length: n }, (_, i) => Math.max(lane(a, i), lane(b, i)));
  return [aligned(context, a, finer, "up_a"), aligned(context, b, finer, "up_b")];
}

function reduceLines(op: Extract<FixedOp, { op: "max" | "argmax" }>, context: Context): string[] {
  const { lanes, output } = context;
  const input = lanes.get(op.input)!;
  const finest = Math.max(...input.map(({ fraction }) => fraction));
  const at = aligned(
    context,
    op.input,
    input.map(() => finest),
    "up",
  );
  const best = context.names.claim(`${output}_best`);
  return [
    `  ${op.op === "max" ? "" : `${output}[0] = 0;\n  `}int64_t ${best} = ${at.replaceAll("[i]", "[0]")};`,
    `  for (int i = 1; i < ${input.length}; i++)`,
    op.op === "max"
      ? `    if (${at} > ${best}) ${best} = ${at};`
      : `    if (${at} > ${best}) ${best} = ${at}, ${output}[0] = i;`,
    ...(op.op === "max" ? [`  ${output}[0] = ${best};`] : []),
  ];
}

function affineLines(op: Extract<FixedOp, { op: "affine" }>, context: Context): string[] {
  const { lanes, nameOf, output } = context;
  const x = lanes.get(op.input)!;
  const positions = positionsOf(op);
  const finest = positions.map((position) => finestOf(position, x));
  const weights = constants(context, "weights", op.weights);
  const bias = constants(context, "bias", op.bias);
  const gathers = op.gather !== null;
  const lane = gathers
    ? `${constants(context, "lanes", op.gather!)}[position * ${op.columns} + column]`
    : "column";
  // shift of each column to the finest fraction of its position
  const places = positions.flatMap((position, p) =>
    Array.from({ length: op.columns }, (_, c) =>
      position[c] < 0 ? finest[p] : x[position[c]].fraction,
    ),
  );
  const column = `position * ${op.columns} + column`;
  const shifts = places.map((f, i) => finest[Math.floor(i / op.columns)] - f);
  const skip = gathers ? [`        if (${lane} < 0) continue;`] : [];
  const value = `int64_t(${nameOf(op.input)}[${lane}])`;
  const weight = `${weights}[row * ${op.columns} + column]`;
  const rowFraction = perLane(context, "weight_fraction", op.weightFraction, "row");
  const fractions = perLane(context, "fraction", places, column);
  const shift = perLane(context, "up", shifts, column);
  const aligned = shift === "0" ? value : `up(${value}, ${shift})`;
  const start = perLane(context, "finest", finest, "position");
  const inner =
    op.accumulator === null
      ? {
          first: `${bias}[row]`,
          step: [`        sum += ${weight} * ${aligned};`],
        }
      : accumulatorLines(op.accumulator, context, {
          bias: `cast(${bias}[row], ${start} + ${rowFraction}, FORMAT)`,
          product: `cast(${weight} * ${value}, ${fractions} + ${rowFraction}, FORMAT)`,
        });
  return [
    `  for (int position = 0; position < ${positions.length}; position++)`,
    `    for (int row = 0; row < ${op.rows}; row++) {`,
    `      int64_t sum = ${inner.first};`,
    `      for (int column = 0; column < ${op.columns}; column++) {`,
    ...skip,
    ...inner.step,
    "      }",
    `      ${output}[position * ${op.rows} + row] = sum;`,
    "    }",
  ];
}

/** As hls4ml does: each product and each sum cast to the accumulator, in order of the columns. */
function accumulatorLines(
  accumulator: FixedFormat,
  context: Context,
  { bias, product }: { readonly bias: string; readonly product: string },
): { first: string; step: string[] } {
  const format = formats(context, [accumulator]);
  return {
    first: bias.replace("FORMAT", format),
    step: [
      `        sum = cast(sum + ${product.replace("FORMAT", format)}, ${fractionOf(accumulator)}, ${format});`,
    ],
  };
}
