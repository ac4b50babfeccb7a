/** Frames of a WebSocket in the direction from server to client, where nothing is masked: cut out of a stream of bytes, and made; and the handshake that goes before. As RFC 6455 has them; for text alone. */

const HANDSHAKE_END = '\r\n\r\n';
const FINAL_TEXT = 0x81;
const OPCODE = 0x0f;
const TEXT = 0x1;

export interface Frame {
  /** All its bytes, header included. */
  readonly bytes: Buffer;
  /** Its text; '' where it is a ping, a pong or a goodbye. */
  readonly text: string;
}

/** The server's answer to the handshake, told from the frames behind it. */
export class Handshake {
  #answer = Buffer.alloc(0);

  /** Undefined until the answer is whole with this piece. To be given no more then. */
  take(piece: Buffer): { readonly answer: Buffer; readonly frames: Buffer } | undefined {
    this.#answer = Buffer.concat([this.#answer, piece]);
    const end = this.#answer.indexOf(HANDSHAKE_END);
    if (end < 0) return undefined;
    const length = end + HANDSHAKE_END.length;
    return { answer: this.#answer.subarray(0, length), frames: this.#answer.subarray(length) };
  }
}

/** Collects bytes and gives whole frames. */
export class FrameCutter {
  #rest = Buffer.alloc(0);

  /** Frames that are whole with this piece. What is left of it waits for the next. */
  take(piece: Buffer): Frame[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const frames: Frame[] = [];
    for (;;) {
      const lengths = lengthsOf(this.#rest);
      if (lengths === undefined || this.#rest.length < lengths.header + lengths.payload) return frames;
      const bytes = this.#rest.subarray(0, lengths.header + lengths.payload);
      const isText = ((bytes[0] ?? 0) & OPCODE) === TEXT;
      frames.push({ bytes, text: isText ? bytes.toString('utf8', lengths.header) : '' });
      this.#rest = this.#rest.subarray(bytes.length);
    }
  }
}

/** Undefined where even the header is not whole. */
function lengthsOf(bytes: Buffer): { readonly header: number; readonly payload: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  if (short < 126) return { header: 2, payload: short };
  if (short === 126) return bytes.length < 4 ? undefined : { header: 4, payload: bytes.readUInt16BE(2) };
  return bytes.length < 10 ? undefined : { header: 10, payload: Number(bytes.readBigUInt64BE(2)) };
}

/** A text of up to 65,535 bytes as one frame. */
export function frameOf(text: string): Buffer {
  const payload = Buffer.from(text, 'utf8');
  if (payload.length < 126) return Buffer.concat([Buffer.from([FINAL_TEXT, payload.length]), payload]);
  const header = Buffer.from([FINAL_TEXT, 126, 0, 0]);
  header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}
