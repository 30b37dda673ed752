export { type BrokerConfig, brokerSchema } from "./config.ts";
export type { Seen } from "./hello.ts";
export { type BrokerRun, listRuns, type RunsOptions, removeRun } from "./run-admin.ts";
export {
  type BrokerWorkers,
  type BrokerWorkersOptions,
  startBrokerWorkers,
} from "./run-broker-workers.ts";
export { type PublishOptions, publish } from "./run-publish.ts";
export type { ServedBlock } from "./run-serve.ts";
export { type WorkOptions, work } from "./run-work.ts";
