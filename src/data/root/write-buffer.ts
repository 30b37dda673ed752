const encoder = new TextEncoder();

/** The bytes of a big-endian record that grows as it is written. */
export class ByteWriter {
  private view = new DataView(new ArrayBuffer(1024));
  /** Bytes written so far. */
  length = 0;

  /** The bytes written so far, shared with the writer. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.view.buffer, 0, this.length);
  }

  /** Position of the next `n` bytes, which the caller fills. */
  private claim(n: number): number {
    const at = this.length;
    this.length += n;
    if (this.length > this.view.byteLength) {
      const grown = new Uint8Array(2 * this.length);
      grown.set(new Uint8Array(this.view.buffer, 0, at));
      this.view = new DataView(grown.buffer);
    }
    return at;
  }

  u8(x: number): void {
    const at = this.claim(1);
    this.view.setUint8(at, x);
  }

  /** 16 bits, signed or not. */
  i16(x: number): void {
    const at = this.claim(2);
    this.view.setUint16(at, x);
  }

  /** 32 bits, signed or not. */
  i32(x: number): void {
    const at = this.claim(4);
    this.view.setUint32(at, x);
  }

  /** 64 bits, signed or not; a number must be an integer. */
  i64(x: number | bigint): void {
    const at = this.claim(8);
    this.view.setBigUint64(at, BigInt.asUintN(64, BigInt(x)));
  }

  f32(x: number): void {
    const at = this.claim(4);
    this.view.setFloat32(at, x);
  }

  f64(x: number): void {
    const at = this.claim(8);
    this.view.setFloat64(at, x);
  }

  raw(bytes: Uint8Array): void {
    const at = this.claim(bytes.length);
    new Uint8Array(this.view.buffer).set(bytes, at);
  }

  /** A TString: its length in one byte, or 255 and four bytes, then UTF-8. */
  text(text: string): void {
    const bytes = encoder.encode(text);
    if (bytes.length < 255) this.u8(bytes.length);
    else {
      this.u8(255);
      this.i32(bytes.length);
    }
    this.raw(bytes);
  }

  /** A class name as C string. */
  zeroEnded(text: string): void {
    this.raw(encoder.encode(text));
    this.u8(0);
  }

  /** A four-byte count of the bytes that `body` writes, with the bit that marks it as such, first. */
  counted(body: () => void): void {
    const at = this.claim(4);
    body();
    this.view.setUint32(at, byteCountMask | (this.length - at - 4));
  }
}

const byteCountMask = 0x40000000;
