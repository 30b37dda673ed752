import { parentPort, workerData } from "node:worker_threads";
import { createDecoder } from "../../src/cms/scouting/decoder.ts";

/** What a thread does: decode a stream, or copy it. */
export interface StreamTask {
  readonly format: "gmt" | "calo" | "copy";
  /** Orbits that the stream repeats. */
  readonly payloads: readonly Uint8Array[];
  readonly seconds: number;
  /** False for the decoder in plain JavaScript. */
  readonly useWebAssembly: boolean;
}

export interface StreamOutcome {
  readonly bytes: number;
  readonly seconds: number;
  readonly objects: number;
}

/** Bytes of a stream: far more than a core's cache. */
const streamBytes = 64e6;

const { format, payloads, seconds, useWebAssembly } = workerData as StreamTask;
const decoder = createDecoder(format === "calo" ? "calo" : "gmt", { useWebAssembly });
const bytes = new Uint8Array(streamBytes);
const orbits: Uint8Array[] = [];
for (let at = 0, i = 0; at + payloads[i % payloads.length].length <= streamBytes; i++) {
  const payload = payloads[i % payloads.length];
  bytes.set(payload, at);
  orbits.push(bytes.subarray(at, at + payload.length));
  at += payload.length;
}
const used = orbits.reduce((n, { length }) => n + length, 0);
const target = new Uint8Array(streamBytes);

function pass(): number {
  if (format === "copy") {
    target.set(bytes);
    return 0;
  }
  let objects = 0;
  for (const orbit of orbits)
    for (const { offsets } of Object.values(decoder.decode(orbit).objects))
      objects += offsets[3564];
  return objects;
}

pass();
parentPort?.postMessage("ready");
parentPort?.once("message", () => {
  const start = performance.now();
  let [done, objects, elapsed] = [0, 0, 0];
  do {
    objects += pass();
    done += format === "copy" ? streamBytes : used;
    elapsed = (performance.now() - start) / 1e3;
  } while (elapsed < seconds);
  parentPort?.postMessage({ bytes: done, seconds: elapsed, objects } satisfies StreamOutcome);
});
