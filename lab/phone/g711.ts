/**
 * G.711 (PCMU and PCMA) to and from 16-bit samples, by tables made once from the ITU-T definition of both curves.
 */
import type { Codec } from './sdp.ts';

function muLawToLinear(code: number): number {
  const inverted = ~code & 0xff;
  const magnitude = ((((inverted & 0x0f) << 3) + 0x84) << ((inverted >> 4) & 7)) - 0x84;
  return inverted & 0x80 ? -magnitude : magnitude;
}

function aLawToLinear(code: number): number {
  const toggled = code ^ 0x55;
  const exponent = (toggled >> 4) & 7;
  const mantissa = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return toggled & 0x80 ? magnitude : -magnitude;
}

const DECODE: Readonly<Record<Codec, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, code) => muLawToLinear(code)),
  PCMA: Int16Array.from({ length: 256 }, (_, code) => aLawToLinear(code)),
};

/** The byte whose value lies nearest to the sample. */
function nearestCode(table: Int16Array, sample: number): number {
  let best = 0;
  let distance = Number.POSITIVE_INFINITY;
  for (let code = 0; code < 256; code += 1) {
    const here = Math.abs((table[code] ?? 0) - sample);
    if (here < distance) {
      best = code;
      distance = here;
    }
  }
  return best;
}

export function decode(codec: Codec, payload: Uint8Array): Int16Array {
  const table = DECODE[codec];
  const samples = new Int16Array(payload.length);
  for (let i = 0; i < payload.length; i += 1) samples[i] = table[payload[i] ?? 0] ?? 0;
  return samples;
}

/** Slow (it searches): for signals that are made once. */
export function encode(codec: Codec, samples: Int16Array): Uint8Array {
  const table = DECODE[codec];
  return Uint8Array.from(samples, (sample) => nearestCode(table, sample));
}
