import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { float32 } from "../../src/base/host-array.ts";
import { createRng } from "../../src/base/rng.ts";
import {
  activation,
  batchNorm,
  createPredictor,
  dense,
  exportModel,
  layerNorm,
  sequential,
} from "../../src/nn/index.ts";
import { gelu, relu } from "../../src/ops/index.ts";
import { createNodeRuntime } from "../../src/runtime/index.ts";
import { hasBrowser, launchedBrowser } from "./chromium.ts";

const browser = launchedBrowser();
const types: Readonly<Record<string, string>> = {
  mjs: "text/javascript",
  wasm: "application/wasm",
};

const rows = 100;
const rng = createRng(5);
const x = float32(
  Array.from({ length: 4 * rows }, () => rng.normal()),
  [rows, 4],
);

function smallModel(): Uint8Array {
  const model = sequential(
    ...[dense(4, 32, { bias: false }), batchNorm(32), activation(relu)],
    ...[dense(32, 32), layerNorm(32), activation(gelu), dense(32, 3)],
  );
  const variables = model.init(createRng(1));
  return exportModel({ model, variables, inputs: { x: { dtype: "float32", shape: [4] } } });
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ["test/browser/model-page.ts"],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].text;
}

/** Serves the page, the model and the runtime's own files on this machine. */
async function serve(script: string, model: Uint8Array): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0] ?? "";
    const name = basename(path);
    const type = types[name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    if (path === "/")
      response
        .setHeader("content-type", "text/html")
        .end('<script type="module" src="page.mjs"></script>');
    else if (path === "/page.mjs") response.setHeader("content-type", type).end(script);
    else if (path === "/model.onnx") response.setHeader("content-type", type).end(model);
    else if (path.startsWith("/ort/"))
      response
        .setHeader("content-type", type)
        .end(readFileSync(`node_modules/onnxruntime-web/dist/${name}`));
    else response.writeHead(404).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

describe.skipIf(!hasBrowser)("an exported model in the browser", () => {
  const model = smallModel();
  let server: Server;
  beforeAll(async () => {
    server = await serve(await bundle(), model);
  });
  afterAll(() => new Promise((done) => server.close(done)));

  test("gives what it gives in Node", async () => {
    const page = await browser().newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page
      .waitForFunction(() => "runModel" in globalThis)
      .catch(() => {
        throw new Error(`the page did not start: ${errors.join("; ")}`);
      });
    const found = await page.evaluate(
      ({ values, shape }) =>
        (globalThis as never as { runModel: (...args: unknown[]) => Promise<number[]> }).runModel(
          "/model.onnx",
          values,
          shape,
        ),
      { values: Array.from(x.data as Float32Array), shape: x.shape },
    );
    await page.close();
    const predictor = await createPredictor(createNodeRuntime({ threads: 1 }), model);
    const { y } = await predictor.predict({ x });
    await predictor.dispose();
    const wanted = Array.from(y.data as Float32Array);
    expect(found.length).toBe(3 * rows);
    const worst = Math.max(...found.map((value, i) => Math.abs(value - wanted[i])));
    expect(worst).toBeLessThan(1e-5); // float32, outputs of order 1
    expect(Math.max(...wanted.map(Math.abs))).toBeGreaterThan(0.1);
    expect(errors).toEqual([]);
  });
});
