import type { Measured } from "../stats/index.ts";

/** A number split so that columns of them can be aligned at the point and at the sign. */
export interface FormattedValue {
  readonly value: string;
  /** Empty where no uncertainty is known. */
  readonly uncertainty: string;
}

/**
 * Value and uncertainty to two significant digits of the uncertainty: 0.13612 and 0.00123 give
 * "0.1361" and "0.0012". Without a usable uncertainty: four significant digits.
 */
export function formatMeasured({ value, uncertainty }: Measured): FormattedValue {
  if (!Number.isFinite(value)) return { value: "–", uncertainty: "" };
  if (!(uncertainty > 0 && Number.isFinite(uncertainty)))
    return { value: formatNumber(value), uncertainty: "" };
  // toExponential rounds first, so that 0.0996 counts as 0.10 and not as 0.100.
  const exponent = Number(uncertainty.toExponential(1).split("e")[1]);
  const decimals = Math.min(15, 1 - exponent);
  const size = Math.max(Math.abs(value), uncertainty);
  if (size >= 1e9 || size < 1e-5) {
    // Both over the same power of ten: 1.235e-12 and 0.034e-12.
    const power = Number(size.toExponential().split("e")[1]);
    const shown = formatMeasured({
      value: value * 10 ** -power,
      uncertainty: uncertainty * 10 ** -power,
    });
    const suffix = minus(`e${power}`);
    return { value: shown.value + suffix, uncertainty: shown.uncertainty + suffix };
  }
  return {
    value: minus(fixed(value, decimals)),
    uncertainty: fixed(uncertainty, decimals),
  };
}

/** "0.1361 ± 0.0012", or the value alone where no uncertainty is known. */
export function formatWithUncertainty(measured: Measured): string {
  const { value, uncertainty } = formatMeasured(measured);
  return uncertainty ? `${value} ± ${uncertainty}` : value;
}

/** A plain number: integers with thin groups ("1 336 160"), else four significant digits. */
export function formatNumber(x: number): string {
  if (!Number.isFinite(x)) return "–";
  if (Number.isInteger(x) && Math.abs(x) < 1e15) return minus(group(x.toFixed(0)));
  const size = Math.abs(x);
  if (size >= 1e6 || size < 1e-4) return minus(x.toExponential(3));
  return minus(String(Number(x.toPrecision(4))));
}

/** A count with an SI prefix and up to three digits: 950, "12.3k", "1.34M", "2G". */
export function formatCount(n: number): string {
  const prefixes = ["", "k", "M", "G", "T"];
  let power = 0;
  let scaled = n;
  while (Math.abs(Number(scaled.toPrecision(3))) >= 1000 && power < prefixes.length - 1) {
    scaled /= 1000;
    power++;
  }
  return minus(`${Number(scaled.toPrecision(3))}${prefixes[power]}`);
}

/** A duration for people: "850 ms", "12.3 s", "4 min 05 s", "2 h 07 min". */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

function fixed(x: number, decimals: number): string {
  if (decimals >= 0) return x.toFixed(decimals);
  const unit = 10 ** -decimals;
  return (Math.round(x / unit) * unit).toFixed(0);
}

function group(digits: string): string {
  return digits.length > 4 ? digits.replace(/\B(?=(\d{3})+$)/g, "\u202f") : digits;
}

/** A true minus sign, and none before zero. */
function minus(text: string): string {
  if (/^-[0.]*$/.test(text)) return text.slice(1);
  return text.replace("-", "\u2212").replace("e-", "e\u2212");
}

function pad(n: number): string {
  return String(n).padStart(2, "0");
}
