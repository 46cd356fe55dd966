import { inflateSync } from 'node:zlib';
import { PNG } from 'pngjs';
import { InputError, oneLine } from '../errors';
import { readRegularFile } from '../files';

/** Pixels row by row, `channels` bytes each: 1 grey, 3 red, green, blue, 4 with opacity (255 is opaque). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3 | 4;
  readonly data: Uint8Array;
}

export interface PngOptions {
  /** The most pixels that are decoded. Default 2^24, 4096 by 4096. */
  maxPixels?: number;
}

const MAX_FILE_BYTES = 2 ** 27;
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');
/** Samples a pixel and the bits they may have, by colour type (PNG specification, section 11.2.2). */
const COLOUR_TYPES: Readonly<Record<number, { samples: number; depths: readonly number[] }>> = {
  0: { samples: 1, depths: [1, 2, 4, 8, 16] },
  2: { samples: 3, depths: [8, 16] },
  3: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
/** Adam7 interlacing: first column and row, and steps, of each of the seven passes (PNG specification, section 8.2). */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Reads a PNG file of any colour type; samples of 16 bits are reduced to 8. Memory stays bounded by `maxPixels` whatever
 * the file expands to.
 *
 * @throws InputError naming the file where it is not a whole, sound PNG.
 */
export function readPng(path: string, options: PngOptions = {}): Image {
  return decodePng(readRegularFile(path, MAX_FILE_BYTES), path, options);
}

/** Decodes the bytes of a PNG file; `name` stands for the file in error messages. */
export function decodePng(bytes: Uint8Array, name: string, options: PngOptions = {}): Image {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const colourType = checkPng(buffer, name, options.maxPixels ?? 2 ** 24);
  let png: ReturnType<typeof PNG.sync.read>;
  try {
    png = PNG.sync.read(buffer);
  } catch (error) {
    throw new InputError(`Expected a sound PNG image in '${name}' but received: ${oneLine((error as Error).message)}`, {
      cause: error,
    });
  }
  const { width, height, data } = png;
  const opaque = data.every((value, i) => i % 4 !== 3 || value === 255);
  const channels = !opaque ? 4 : colourType === 0 || colourType === 4 ? 1 : 3;
  if (channels === 4) return { width, height, channels, data: Uint8Array.from(data) };
  const packed = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < channels; c++) packed[pixel * channels + c] = data[pixel * 4 + c] as number;
  }
  return { width, height, channels, data: packed };
}

/**
 * One byte a pixel: the luma of ITU-R BT.601, 0.299 red + 0.587 green + 0.114 blue. What is transparent shows
 * `background` (0 to 255, default 0: black).
 */
export function toGreyscale(image: Image, background = 0): Uint8Array {
  const { width, height, channels, data } = image;
  if (channels === 1) return data;
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const at = pixel * channels;
    const luma = 0.299 * (data[at] as number) + 0.587 * (data[at + 1] as number) + 0.114 * (data[at + 2] as number);
    const opacity = channels === 4 ? (data[at + 3] as number) / 255 : 1;
    grey[pixel] = Math.round(luma * opacity + background * (1 - opacity));
  }
  return grey;
}

/**
 * Checks what the decoder does not: that the image is small enough to decode, and that its compressed pixels are
 * exactly as many as its size asks for, never inflating more than that. Returns the colour type.
 */
function checkPng(buffer: Buffer, name: string, maxPixels: number): number {
  if (buffer.length < 33 || !buffer.subarray(0, 8).equals(SIGNATURE) || buffer.toString('latin1', 12, 16) !== 'IHDR') {
    throw new InputError(`Expected a PNG image in '${name}' but received another kind of file`);
  }
  const width = buffer.readUInt32BE(16);
  const height = buffer.readUInt32BE(20);
  const depth = buffer.readUInt8(24);
  const colourType = buffer.readUInt8(25);
  const kind = COLOUR_TYPES[colourType];
  if (width === 0 || height === 0 || kind === undefined || !kind.depths.includes(depth)) {
    throw new InputError(
      `Expected a sound PNG header in '${name}' but received ${width}x${height}, depth ${depth}, colour type ${colourType}`,
    );
  }
  if (width * height > maxPixels) {
    throw new InputError(
      `Expected a PNG image of at most ${maxPixels} pixels in '${name}' but received ${width}x${height}`,
    );
  }
  const rowBytes = (columns: number): number => Math.ceil((columns * kind.samples * depth) / 8) + 1;
  const expected = buffer.readUInt8(28) === 0 ? height * rowBytes(width) : interlacedBytes(width, height, rowBytes);
  let found: number;
  try {
    // One byte more, to tell an image that is too long from a sound one.
    found = inflateSync(imageData(buffer), { maxOutputLength: expected + 1 }).length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_BUFFER_TOO_LARGE') {
      throw new InputError(
        `Expected whole pixel data in PNG '${name}' but received damaged data: ${oneLine((error as Error).message)}`,
      );
    }
    found = Number.POSITIVE_INFINITY;
  }
  if (found !== expected) {
    const received = found < expected ? `${found}: it is truncated` : 'more';
    throw new InputError(`Expected ${expected} bytes of pixel data in PNG '${name}' but received ${received}`);
  }
  return colourType;
}

function interlacedBytes(width: number, height: number, rowBytes: (columns: number) => number): number {
  let total = 0;
  for (const [x, y, dx, dy] of PASSES) {
    const columns = Math.ceil((width - x) / dx);
    const rows = Math.ceil((height - y) / dy);
    if (columns > 0 && rows > 0) total += rows * rowBytes(columns);
  }
  return total;
}

/** The contents of all IDAT chunks. */
function imageData(buffer: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at + 12 <= buffer.length; ) {
    const length = buffer.readUInt32BE(at);
    if (buffer.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(buffer.subarray(at + 8, at + 8 + length));
    at += 12 + length;
  }
  return Buffer.concat(parts);
}
