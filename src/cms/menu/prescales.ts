import { ConfigError } from "../../base/errors.ts";
import type { MenuBits } from "./menu-bits.ts";

/** Counts of a prescaler are hundredths: prescales have two decimal digits. */
const perUnit = 100;

/**
 * What is left after prescales [algorithms]: 0 switches an algorithm off, 1 keeps all, P keeps one
 * in P on average. As in the trigger, a counter gains 1 each time the algorithm fires; when it
 * reaches P, that crossing is kept and P is taken off. Counters start at `counters` (default 0)
 * and are moved on in place, so that a run may come in slices. `ConfigError` for a prescale that
 * is no multiple of 0.01 or lies between 0 and 1.
 * @see cms-l1-globaltrigger/mp7_ugt_legacy, algo_pre_scaler_fractional_float.vhd
 */
export function prescaleMenu(
  bits: MenuBits,
  prescales: readonly number[],
  counters = new Float64Array(prescales.length),
): MenuBits {
  const { crossings, words, fired } = bits;
  const n = words === 0 ? 0 : fired.length / words;
  if (words > 0 && (prescales.length !== n || counters.length !== n))
    throw new ConfigError(`prescaleMenu: ${prescales.length} prescales for ${n} algorithms`);
  const kept = new Uint32Array(fired.length);
  prescales.forEach((prescale, a) => {
    const factor = Math.round(prescale * perUnit);
    if (!(prescale === 0 || prescale >= 1) || Math.abs(factor - prescale * perUnit) > 1e-6)
      throw new ConfigError(
        `prescaleMenu: prescale ${prescale} of algorithm ${a}; expected 0 or at least 1, in steps of 0.01`,
      );
    if (factor === 0) return;
    let counter = counters[a];
    for (let w = a * words; w < (a + 1) * words; w++)
      for (let open = fired[w]; open !== 0; open &= open - 1) {
        counter += perUnit;
        if (counter < factor) continue;
        counter -= factor;
        kept[w] |= open & -open;
      }
    counters[a] = counter;
  });
  return { crossings, words, fired: kept };
}
