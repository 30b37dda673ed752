/**
 * Every error of the project: `where: what is wrong, with the values; what to do`.
 * `name` is literal, so that callers can tell errors apart without `instanceof`.
 */
class FortyError extends Error {}

/** Shapes that do not fit together. */
export class ShapeError extends FortyError {
  override readonly name = "ShapeError";
}

/** A dtype that an operation does not take. */
export class DTypeError extends FortyError {
  override readonly name = "DTypeError";
}

/** A graph that breaks its own rules. */
export class GraphError extends FortyError {
  override readonly name = "GraphError";
}

/** A setting or argument with an unusable value. */
export class ConfigError extends FortyError {
  override readonly name = "ConfigError";
}

/** A file or stream whose content is not what it should be. */
export class FormatError extends FortyError {
  override readonly name = "FormatError";
}

/** Columns that are missing, mistyped or hold unusable values. */
export class DataError extends FortyError {
  override readonly name = "DataError";
}

/** A runtime that cannot load or run a model. */
export class SessionError extends FortyError {
  override readonly name = "SessionError";
}

/** A training whose loss is no longer finite. */
export class DivergedError extends FortyError {
  override readonly name = "DivergedError";
  readonly step: number;
  constructor(message: string, step: number, options?: ErrorOptions) {
    super(message, options);
    this.step = step;
  }
}

/** Work stopped on request (Ctrl-C, an AbortSignal); what was done is kept. */
export class CancelledError extends FortyError {
  override readonly name = "CancelledError";
}

/** True for errors whose message is meant for the user, without a stack. */
export function isFortyError(error: unknown): error is Error {
  return error instanceof FortyError;
}

/** States what cannot be false; a failure is a bug of ours, never of the user's input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new GraphError(`internal: ${message}; please report this`);
}
