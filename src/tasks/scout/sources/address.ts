import { ConfigError } from "../../../base/errors.ts";

/** An address to listen on or to connect to. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** "host:port", "[::1]:port" or a port, which is of this machine alone; `ConfigError` else. */
export function parseAddress(where: string, text: string): Address {
  const match = /^(?:(\[[\da-f:.]+\]|[^:[\]]*):)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new ConfigError(
      `${where}: expected host:port with a port up to 65535, got "${text}"; 127.0.0.1:9040 is of this machine alone`,
    );
  return { host: (match[1] ?? "").replace(/^\[(.*)\]$/, "$1") || "127.0.0.1", port };
}

/** "host:port". */
export const addressText = ({ host, port }: Address) =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;
