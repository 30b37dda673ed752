import { DataError } from "../../base/errors.ts";
import { ByteWriter } from "./write-buffer.ts";
import { type Codec, packed } from "./write-compress.ts";
import {
  datime,
  type KeyFields,
  type KeyPlace,
  keyBytes,
  keyLength,
  putPosition,
  startOfBig,
  textLength,
} from "./write-key.ts";
import { objectWriter, type RootObject } from "./write-object.ts";
import { streamerInfoList } from "./write-streamers.ts";

/** Where the bytes of a file go; places are written once or twice, in no fixed order. */
export interface Sink {
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Makes the file appear under its name. */
  close(): Promise<void>;
  /** Drops everything; no file is left. */
  abort(): Promise<void>;
}

/** Settings of the file as a whole. */
export interface FileOptions {
  /** Title of the file. Default "". */
  readonly title?: string | undefined;
  /** Compression; null writes plain bytes. */
  readonly codec: Codec | null;
  /** Time that all records bear, in UTC. Default 1995-01-01, so that same input gives same bytes. */
  readonly time?: Date | undefined;
  /** Byte at which the records begin, beyond the root directory; for tests of files over 2 GB. */
  readonly startAt?: number | undefined;
}

/** A directory of the file and the keys of what it holds. */
export interface Directory {
  readonly className: "TFile" | "TDirectory";
  readonly name: string;
  readonly title: string;
  /** Byte of its record's key, which is how others point to it. */
  readonly at: number;
  readonly parent: number;
  /** Bytes from there to the directory's own data. */
  readonly nameBytes: number;
  readonly keys: Key[];
}

interface Key {
  readonly name: string;
  readonly cycle: number;
  readonly bytes: Uint8Array;
}

const firstByte = 100;
const directoryBytes = 60;
const fileVersion = 63000;
const fileName = "forty.root";

/** A place of a record in the file. */
export interface Place {
  readonly at: number;
  /** Bytes with the key. */
  readonly bytes: number;
}

/**
 * The records of a TFile: header, directories, keys, streamer infos, free segments.
 * @see ROOT io/doc/TFile (header.md, datarecord.md, keyslist.md, freesegments.md)
 */
export class FileLayout {
  readonly root: Directory;
  private readonly sink: Sink;
  private readonly options: FileOptions;
  private readonly folders = new Map<string, Directory>();
  private readonly classes = new Set<string>();
  private readonly datime: number;
  private end: number;

  constructor(sink: Sink, options: FileOptions) {
    this.sink = sink;
    this.options = options;
    const { title = "", startAt = 0, time = new Date(Date.UTC(1995, 0, 1)) } = options;
    this.datime = datime(time);
    const key = keyLength({ className: "TFile", name: fileName, title }, false);
    const names = textLength(fileName) + textLength(title);
    this.root = {
      className: "TFile",
      name: fileName,
      title,
      at: firstByte,
      parent: 0,
      nameBytes: key + names,
      keys: [],
    };
    this.end = Math.max(firstByte + key + names + directoryBytes, startAt);
  }

  get codec(): Codec | null {
    return this.options.codec;
  }

  /** The directory of that name below the root, made where it is new. */
  folder(name: string): Directory {
    const known = this.folders.get(name);
    if (known !== undefined) return known;
    const record = { className: "TDirectory", name, title: name };
    const at = this.end;
    const nameBytes = keyLength(record, at > startOfBig);
    const folder: Directory = {
      className: "TDirectory",
      name,
      title: name,
      at,
      parent: this.root.at,
      nameBytes,
      keys: [],
    };
    this.end += nameBytes + directoryBytes;
    this.folders.set(name, folder);
    const key = this.key(
      { ...record, directory: this.root.at, cycle: 1 },
      { at, stored: directoryBytes },
    );
    this.root.keys.push({ name, cycle: 1, bytes: key });
    return folder;
  }

  /** Writes an object under a name; a name used again gets the next cycle. */
  async object(value: RootObject, directory: Directory, name: string, title: string) {
    const cycle = 1 + directory.keys.filter((key) => key.name === name).length;
    const record = { className: value.class, name, title, directory: directory.at, cycle };
    const { key } = await this.serialized(value, record);
    // The newest cycle of a name comes first.
    const older = directory.keys.findIndex((one) => one.name === name);
    directory.keys.splice(older < 0 ? directory.keys.length : older, 0, {
      name,
      cycle,
      bytes: key,
    });
  }

  /**
   * Appends a basket. `tail` is what its key holds beyond a key's fields, `size` the bytes of the
   * payload before compression. Positions in it have eight bytes wherever it lies, since the
   * offsets inside count from the key's first byte.
   */
  async basket(
    record: KeyFields,
    tail: Uint8Array,
    payload: Uint8Array,
    size: number,
  ): Promise<Place> {
    const at = this.end;
    const key = this.key(record, {
      at,
      stored: payload.length,
      size,
      isBig: true,
      tail: tail.length,
    });
    await this.append(key, tail, payload);
    return { at, bytes: this.end - at };
  }

  /** Bytes of a basket's key, `tail` of them beyond its fields. */
  basketKeyLength(record: Omit<KeyFields, "directory" | "cycle">, tail: number): number {
    return keyLength(record, true) + tail;
  }

  /** Writes all that comes last. */
  async finish(): Promise<void> {
    const directories = [...this.folders.values(), this.root];
    const records: [number, Uint8Array][] = [];
    for (const directory of directories) records.push(await this.keysList(directory));
    const infos = await this.serialized(streamerInfoList(this.classes), {
      className: "TList",
      name: "StreamerInfo",
      title: "Doubly linked list",
      directory: this.root.at,
      cycle: 1,
    });
    const free = await this.freeSegments();
    for (const [at, bytes] of records) await this.sink.write(at, bytes);
    await this.sink.write(0, this.header(infos, free));
  }

  private async serialized(
    value: RootObject,
    record: KeyFields,
  ): Promise<Place & { key: Uint8Array }> {
    const at = this.end;
    const out = new ByteWriter();
    const writer = objectWriter(out, keyLength(record, at > startOfBig));
    writer.object(value);
    const isInfo = value.class === "TList";
    if (!isInfo) for (const name of writer.classes) this.classes.add(name);
    if (out.length > largestRecord)
      throw new DataError(
        `${record.name}: the record has ${out.length} bytes, ROOT allows ${largestRecord}; use larger baskets or fewer branches`,
      );
    const payload = await packed(out.bytes, this.codec);
    const key = this.key(record, { at, stored: payload.length, size: out.length });
    await this.append(key, payload);
    return { at, bytes: this.end - at, key };
  }

  private async append(...parts: Uint8Array[]): Promise<void> {
    const total = parts.reduce((n, part) => n + part.length, 0);
    const record = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      record.set(part, at);
      at += part.length;
    }
    await this.sink.write(this.end, record);
    this.end += total;
  }

  private key(fields: KeyFields, place: Omit<KeyPlace, "datime">): Uint8Array {
    return keyBytes(fields, { ...place, datime: this.datime });
  }

  /** Writes the keys of a directory and gives the directory's own record and its place. */
  private async keysList(directory: Directory): Promise<[number, Uint8Array]> {
    const { className, name, title, at, parent, nameBytes } = directory;
    const record = { className, name, title, directory: at, cycle: 1 };
    const list = new ByteWriter();
    list.i32(directory.keys.length);
    for (const key of directory.keys) list.raw(key.bytes);
    const seekKeys = this.end;
    await this.append(this.key(record, { at: seekKeys, stored: list.length }), list.bytes);

    const isRoot = className === "TFile";
    const out = new ByteWriter();
    const names = isRoot ? textLength(name) + textLength(title) : 0;
    const owner = isRoot ? 0 : parent;
    out.raw(this.key({ ...record, directory: owner }, { at, stored: names + directoryBytes }));
    if (isRoot) {
      out.text(name);
      out.text(title);
    }
    const isBig = Math.max(at, parent, seekKeys) > startOfBig;
    out.i16(5 + (isBig ? 1000 : 0));
    out.i32(this.datime);
    out.i32(this.datime);
    out.i32(this.end - seekKeys);
    out.i32(nameBytes);
    for (const position of [at, parent, seekKeys]) putPosition(out, position, isBig);
    putUuid(out);
    // Room for positions of eight bytes.
    if (!isBig) out.raw(new Uint8Array(12));
    return [at, out.bytes];
  }

  /** Writes the list of free segments: one, from the end of the file on. */
  private async freeSegments(): Promise<Place> {
    const { className, name, title } = this.root;
    const at = this.end;
    const isBig = at + 1000 > startOfBig;
    const record = { className, name, title, directory: this.root.at, cycle: 1 };
    const size = isBig ? 18 : 10;
    const key = this.key(record, { at, stored: size });
    const end = at + key.length + size;
    const out = new ByteWriter();
    out.i16(1 + (isBig ? 1000 : 0));
    putPosition(out, end, isBig);
    putPosition(out, isBig ? 1e9 * Math.ceil((end + 1) / 1e9) : startOfBig, isBig);
    await this.append(key, out.bytes);
    return { at, bytes: this.end - at };
  }

  private header(infos: Place, free: Place): Uint8Array {
    const isBig = this.end > startOfBig;
    const out = new ByteWriter();
    out.raw(new TextEncoder().encode("root"));
    out.i32(fileVersion + (isBig ? 1_000_000 : 0));
    out.i32(firstByte);
    putPosition(out, this.end, isBig);
    putPosition(out, free.at, isBig);
    out.i32(free.bytes);
    out.i32(1);
    out.i32(this.root.nameBytes);
    out.u8(isBig ? 8 : 4);
    out.i32(this.codec?.setting ?? 0);
    putPosition(out, infos.at, isBig);
    out.i32(infos.bytes);
    putUuid(out);
    out.raw(new Uint8Array(firstByte - out.length));
    return out.bytes;
  }
}

/** Byte counts inside a record have 30 bits. */
const largestRecord = 1 << 30;

/** A UUID of zeros, so that same input gives same bytes. */
function putUuid(out: ByteWriter): void {
  out.i16(1);
  out.raw(new Uint8Array(16));
}
