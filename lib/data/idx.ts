import { constants, gunzipSync } from 'node:zlib';
import { InputError } from '../errors';
import { readRegularFile } from '../files';

/** An array read from an IDX file: `data.length` is the product of `shape`. */
export interface IdxArray {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface IdxOptions {
  /** The largest array that is read, in bytes after decompression. Default 2 GiB - 1. */
  maxBytes?: number;
}

const DEFAULT_MAX_BYTES = 2 ** 31 - 1;
const MAX_RANK = 8;
/** Deflate expands at most 1032 times, so that peeking at a header costs at most 17 MB. */
const PEEK_BYTES = 16 * 1024;

const TYPE_NAMES: Readonly<Record<number, string>> = {
  8: 'uint8',
  9: 'int8',
  11: 'int16',
  12: 'int32',
  13: 'float32',
  14: 'float64',
};

/**
 * Reads an IDX file of unsigned bytes, plain or compressed with gzip (recognised by its content, not by its name).
 * Reads synchronously: 47 MB of MNIST images take some tens of milliseconds.
 *
 * The format (LeCun, Cortes and Burges, "The MNIST database"): two zero bytes, a type byte, the number of dimensions,
 * each dimension as a big-endian uint32, then the values, last dimension fastest.
 *
 * @throws InputError naming the file for whatever is not exactly such a file.
 */
export function idx(path: string, options: IdxOptions = {}): IdxArray {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  return parseIdx(readRegularFile(path, maxBytes + 4 + 4 * MAX_RANK), path, { maxBytes });
}

/** Parses the bytes of an IDX file, plain or compressed with gzip; `name` stands for the file in error messages. */
export function parseIdx(bytes: Uint8Array, name: string, options: IdxOptions = {}): IdxArray {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzip(bytes, name, maxBytes) : bytes;
  const { shape, offset, size } = parseHeader(plain, name, maxBytes);
  const found = plain.length - offset;
  if (found !== size) {
    const kind = found < size ? 'it is truncated' : 'it has trailing bytes';
    throw new InputError(
      `Expected ${size} bytes of values for shape [${shape}] in '${name}' but received ${found}: ${kind}`,
    );
  }
  return { shape, data: plain.subarray(offset) };
}

function parseHeader(
  bytes: Uint8Array,
  name: string,
  maxBytes: number,
): { shape: number[]; offset: number; size: number } {
  if (bytes.length < 4) {
    throw new InputError(`Expected an IDX file of at least 4 bytes in '${name}' but received ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0) !== 0) {
    throw new InputError(
      `Expected an IDX file, which starts with two zero bytes, in '${name}' but received magic 0x${hex(view.getUint32(0), 8)}`,
    );
  }
  const type = view.getUint8(2);
  if (type !== 8) {
    const known = TYPE_NAMES[type];
    throw new InputError(
      `Expected IDX type 0x08 (uint8) in '${name}' but received 0x${hex(type, 2)}${known === undefined ? '' : ` (${known})`}`,
    );
  }
  const rank = view.getUint8(3);
  if (rank < 1 || rank > MAX_RANK) {
    throw new InputError(`Expected 1 to ${MAX_RANK} dimensions in IDX file '${name}' but received ${rank}`);
  }
  const offset = 4 + 4 * rank;
  if (bytes.length < offset) {
    throw new InputError(
      `Expected an IDX header of ${offset} bytes in '${name}' but received ${bytes.length} bytes: it is truncated`,
    );
  }
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  // The product of 8 uint32 is far below the largest double: it may round, but it cannot wrap around.
  const size = shape.reduce((product, n) => product * n, 1);
  if (size > maxBytes) {
    throw new InputError(
      `Expected at most ${maxBytes} bytes of values in '${name}' but received shape [${shape}] (${size} bytes)`,
    );
  }
  return { shape, offset, size };
}

/** Decompresses no more than the header promises: whatever a small file expands to, memory stays bounded. */
function gunzip(bytes: Uint8Array, name: string, maxBytes: number): Uint8Array {
  const head = inflate(bytes.subarray(0, PEEK_BYTES), name, { finishFlush: constants.Z_SYNC_FLUSH });
  const { offset, size } = parseHeader(head, name, maxBytes);
  try {
    return inflate(bytes, name, { maxOutputLength: Math.max(1, offset + size) });
  } catch (error) {
    const cause = (error as InputError).cause as NodeJS.ErrnoException | undefined;
    if (cause?.code !== 'ERR_BUFFER_TOO_LARGE') throw error;
    throw new InputError(
      `Expected ${offset + size} bytes after decompression of '${name}' but received more: it has trailing bytes`,
    );
  }
}

function inflate(
  bytes: Uint8Array,
  name: string,
  options: { finishFlush?: number; maxOutputLength?: number },
): Uint8Array {
  try {
    return gunzipSync(bytes, options);
  } catch (error) {
    throw new InputError(
      `Expected a whole gzip file in '${name}' but received damaged data: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}
