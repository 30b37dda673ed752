/**
 * Falkon against PyTorch on the CPU: simulated muons, Gaussian kernel, total fit time and test error.
 *
 * `npm run bench falkon [-- --rows 1336160 --only 500 --rounds 1 --stream 10000000]`. The peer is
 * the paper's algorithm with 20 iterations in float32; it needs Debian's python3-torch and
 * libopenblas0-pthread (FORTY_PYTHON names another interpreter), and gets the threads, kernels,
 * block size and jitter that serve it best in a trial with a tenth of the rows. Without it our own
 * numbers are printed alone. Then a path of 20 λ, and a fit of rows streamed from a file.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { rootMeanSquares } from "./falkon/data.ts";
import { runJson } from "./peers/run-json.ts";

const { values: options } = parseArgs({
  options: {
    rows: { type: "string", default: "1336160" },
    only: { type: "string", default: "500,2000" },
    rounds: { type: "string", default: "1" },
    stream: { type: "string", default: "10000000" },
  },
});
const rows = Number(options.rows);
const width = "1";
const lambda = "1e-6";
const python = process.env.FORTY_PYTHON ?? "/usr/bin/python3";
const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const node = [process.execPath, "--import", "tsx"];

interface Fit {
  readonly seconds: number;
  readonly errors: readonly number[];
  readonly memory: number;
  readonly passes?: number;
  readonly lambda?: number;
}

const folder = mkdtempSync(join(tmpdir(), "forty-falkon-"));
const file = (name: string) => join(folder, name);
const ours = (count: number, solver: string, lambdas: string, n = rows) =>
  runJson<Fit>([
    ...node,
    here("falkon/fit.ts"),
    folder,
    `${n}`,
    `${count}`,
    width,
    solver,
    lambdas,
  ]);

/** How the peer is run. */
interface PeerSetting {
  readonly blas: number;
  readonly threads: number;
  readonly kernels: string;
  readonly blockRows: number;
  readonly jitter: string;
}

async function torch(count: number, n: number, setting: PeerSetting): Promise<Fit> {
  const { blas, threads, kernels, blockRows, jitter } = setting;
  const files = ["x", "y", "centers", "test-x", "prediction"].map((name) => file(`${name}.bin`));
  const numbers = [n, count, width, lambda, jitter, blockRows, threads, 20].map(String);
  const result = await runJson<Fit>([python, here("peers/falkon_torch.py"), ...files, ...numbers], {
    OPENBLAS_NUM_THREADS: String(blas),
    OMP_NUM_THREADS: String(threads),
    ...(kernels ? { OPENBLAS_CORETYPE: kernels } : {}),
  });
  const read = (name: string) => {
    const { buffer, byteOffset, byteLength } = readFileSync(file(name));
    return new Float32Array(buffer, byteOffset, byteLength / 4);
  };
  return { ...result, errors: rootMeanSquares(read("prediction.bin"), read("test-y.bin")) };
}

/** One choice after the other, each with the best of those before: the fastest, then the most accurate jitter. */
async function bestSetting(count: number): Promise<PeerSetting> {
  const trial = (setting: PeerSetting) => torch(count, Math.round(rows / 10), setting);
  let best: PeerSetting = { blas: 2, threads: 1, kernels: "", blockRows: 1024, jitter: "1e-5" };
  const improve = async (
    changes: readonly Partial<PeerSetting>[],
    score: (fit: Fit) => number = ({ seconds }) => seconds,
  ) => {
    const candidates = changes.map((change) => ({ ...best, ...change }));
    const scores = [];
    for (const candidate of candidates) scores.push(score(await trial(candidate)));
    best = candidates[scores.indexOf(Math.min(...scores))];
  };
  await improve(["", "SkylakeX", "Cooperlake"].map((kernels) => ({ kernels })));
  await improve([
    { blas: 2, threads: 1 },
    { blas: 1, threads: 2 },
    { blas: 2, threads: 2 },
    { blas: 1, threads: 1 },
  ]);
  await improve([512, 1024, 4096].map((blockRows) => ({ blockRows })));
  await improve(
    ["1e-5", "1e-7", "1e-9"].map((jitter) => ({ jitter })),
    ({ errors }) => (errors.every(Number.isFinite) ? errors.reduce((a, b) => a + b) : 1e300),
  );
  return best;
}

function hasTorch(): boolean {
  try {
    execFileSync(python, ["-c", "import torch"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const median = (values: readonly number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const show = (name: string, { errors, memory, passes }: Fit, seconds: number) =>
  console.log(
    `  ${name.padEnd(22)} ${seconds.toFixed(1).padStart(6)} s  test errors ${errors.map((e) => e.toFixed(4)).join(" ")}  ${memory.toFixed(2)} GB${passes ? `  ${passes} passes` : ""}`,
  );

try {
  await runJson([...node, here("falkon/write.ts"), folder, `${rows}`, "2000", "100000"]);
  const peer = hasTorch();
  if (!peer) console.log("PyTorch is absent: our numbers alone (apt-get install python3-torch)");
  console.log(`${rows} rows, 4 features, 3 targets, width ${width}, lambda ${lambda}`);
  for (const count of options.only.split(",").map(Number)) {
    console.log(`M ${count}`);
    const setting = peer ? await bestSetting(count) : null;
    const [mine, theirs]: Fit[][] = [[], []];
    for (let round = 0; round < Number(options.rounds); round++) {
      mine.push(await ours(count, "auto", lambda));
      if (setting) theirs.push(await torch(count, rows, setting));
    }
    const seconds = median(mine.map((fit) => fit.seconds));
    show("ours", mine[0], seconds);
    if (setting) {
      const other = median(theirs.map((fit) => fit.seconds));
      show("torch, 20 iterations", theirs[0], other);
      console.log(
        `  ratio ${(other / seconds).toFixed(2)} (wanted 2); torch with ${JSON.stringify(setting)}`,
      );
    }
    const one = await ours(count, "direct", lambda);
    show("direct, one lambda", one, one.seconds);
    const lambdas = Array.from({ length: 20 }, (_, i) => 10 ** (-2 - i / 2));
    const path = await ours(count, "direct", lambdas.join());
    show("direct, 20 lambdas", path, path.seconds);
    console.log(
      `  path over one fit ${(path.seconds / one.seconds).toFixed(2)} (wanted 1.2); lowest GCV at ${path.lambda?.toExponential(1)}`,
    );
  }
  const streamed = Number(options.stream);
  if (streamed > 0) {
    console.log(`${streamed} rows streamed from a file, M 500`);
    const fit = await runJson<Fit>([
      ...node,
      here("falkon/stream.ts"),
      folder,
      `${streamed}`,
      "500",
    ]);
    show("ours", fit, fit.seconds);
    console.log(`  memory ${fit.memory.toFixed(2)} GB (wanted 1.5)`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
