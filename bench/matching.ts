/**
 * Matching Level-1 jets to offline ones: 1 million events of 12 Level-1 and 20 offline jets, one
 * core, after reading, CPU time. Wanted: 1.5 s or less for the report's rule; unique pairs for comparison.
 * `npm run bench matching [EVENTS]`
 */
import { matchJets } from "../src/cms/matching/jets.ts";
import { matchUnique } from "../src/cms/matching/match.ts";

const events = Number(process.argv[2] ?? 1_000_000);
const rounds = 3;

/** Flat in |eta| < 5 and phi; pt is of no matter for the time. */
function jets(perEvent: number, seed: number) {
  const n = events * perEvent;
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    offsets: Uint32Array.from({ length: events + 1 }, (_, e) => e * perEvent),
    eta: Float32Array.from({ length: n }, () => 10 * random() - 5),
    phi: Float32Array.from({ length: n }, () => 2 * Math.PI * random() - Math.PI),
    pt: new Float32Array(n).fill(20),
  };
}

const [offline, level1] = [jets(20, 1), jets(12, 2)];
for (const [name, match] of [
  ["report's rule", matchJets],
  ["unique pairs", matchUnique],
] as const) {
  const seconds: number[] = [];
  let matched = 0;
  for (let round = 0; round < rounds; round++) {
    const start = process.cpuUsage();
    const { partner } = match(offline, level1);
    seconds.push(process.cpuUsage(start).user / 1e6);
    matched = partner.reduce((sum, j) => sum + (j >= 0 ? 1 : 0), 0);
  }
  const best = Math.min(...seconds);
  const pairs = (events * 20 * 12) / best / 1e9;
  console.log(
    `${name}: ${seconds.map((s) => s.toFixed(2)).join(", ")} s, ${pairs.toFixed(2)} billion pairs/s, ` +
      `${matched} of ${events * 20} offline jets matched`,
  );
}
