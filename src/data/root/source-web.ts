import { DataError, FormatError } from "../../base/errors.ts";
import { type ByteSource, checkRange } from "./source.ts";

/**
 * A file behind HTTP, read with range requests.
 * Throws `DataError` where the server does not answer or sends no ranges.
 */
export async function openHttpSource(url: string): Promise<ByteSource> {
  const first = await request(url, 0, 1);
  const total = /\/(\d+)\s*$/.exec(first.headers.get("content-range") ?? "")?.[1];
  await first.arrayBuffer();
  if (total === undefined)
    throw new DataError(
      `${url}: the server does not tell the size of the file (Content-Range header missing or ` +
        "hidden by CORS); download the file instead",
    );
  const size = Number(total);
  return {
    name: url,
    size,
    async read(offset, length) {
      checkRange(url, size, offset, length);
      if (length === 0) return new Uint8Array(0);
      const response = await request(url, offset, length);
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (bytes.length !== length)
        throw new FormatError(
          `${url}: asked for ${length} bytes at ${offset}, the server sent ${bytes.length}`,
        );
      return bytes;
    },
    async close() {},
  };
}

/** A file the user chose in the browser, or any other `Blob`. */
export function openBlobSource(
  blob: Blob,
  name = "name" in blob ? `${blob.name}` : "blob",
): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
    async close() {},
  };
}

async function request(url: string, offset: number, length: number): Promise<Response> {
  const range = `bytes=${offset}-${offset + length - 1}`;
  const ask = () => fetch(url, { headers: { Range: range } });
  // Once more, since the server may just have closed a connection that was kept open.
  const response = await ask()
    .catch(ask)
    .catch((cause: Error) => {
      throw new DataError(`${url}: no answer from the server: ${cause.message}`, { cause });
    });
  if (response.status === 206) return response;
  await response.body?.cancel();
  throw new DataError(
    response.ok
      ? `${url}: the server has no range requests (status ${response.status} instead of 206); ` +
          "download the file instead"
      : `${url}: the server answered ${response.status} ${response.statusText}`,
  );
}
