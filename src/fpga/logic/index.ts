export {
  type Addend,
  type Adder,
  type AdderGraph,
  type AdderGraphOptions,
  adderGraph,
} from "./adder-graph.ts";
export { type BuildOptions, buildLogic, buildNetlist, type Logic } from "./build.ts";
export { type DelayModel, delaysOf, isConcat, ultraScalePlus2 } from "./delays.ts";
export { bitsOf, type Interval } from "./intervals.ts";
export { liveNetlist, operandsOf } from "./live.ts";
export { type PipelineOptions, pipelineNetlist } from "./pipeline.ts";
export { type Price, price, type Resources } from "./price.ts";
export { type SerialShape, serialLatency, serialShape } from "./serial-shape.ts";
export { type Digit, signedDigits } from "./signed-digits.ts";
export { simulateNetlist } from "./simulate.ts";
