import { open } from "node:fs/promises";
import { FormatError } from "../../base/errors.ts";
import { type ByteSource, checkRange } from "./source.ts";

/** A file on disk, opened for reading; of any size. Throws the system's error where it cannot. */
export async function openFileSource(path: string): Promise<ByteSource> {
  const handle = await open(path, "r");
  const { size } = await handle.stat();
  return {
    name: path,
    size,
    async read(offset, length) {
      checkRange(path, size, offset, length);
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer); // all is written
      for (let done = 0; done < length; ) {
        const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
        if (bytesRead === 0)
          throw new FormatError(
            `${path}: the file shrank while being read, at byte ${offset + done}`,
          );
        done += bytesRead;
      }
      return bytes;
    },
    close: () => handle.close(),
  };
}
