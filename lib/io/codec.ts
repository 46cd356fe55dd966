import { InputError, oneLine } from '../errors';

/** Element types of the safetensors format that are read; I64, which PyTorch counts batches in, becomes I32. */
export type SafetensorsType = 'F32' | 'I32' | 'U8' | 'I64';

/** Where a tensor lies in a file: `begin` and `end` are bytes from the end of the header. */
export interface TensorInfo {
  readonly name: string;
  readonly type: SafetensorsType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a safetensors header says. */
export interface SafetensorsHeader {
  readonly tensors: readonly TensorInfo[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A tensor's values on the host. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** The format's own limit on headers, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;
/** Bytes of the length that precedes the header. */
export const PREFIX_BYTES = 8;

const ITEM_BYTES: Readonly<Record<SafetensorsType, number>> = { F32: 4, I32: 4, U8: 1, I64: 8 };
const METADATA = '__metadata__';
const FORBIDDEN = '__proto__';
/** A tensor's entry holds lists: header, entry, list. */
const MAX_DEPTH = 3;

/**
 * The bytes of a safetensors file, as the pieces to write one after the other (values are not copied).
 * Format: https://huggingface.co/docs/safetensors: the header's length as a little-endian uint64, the header in JSON
 * padded by blanks to a multiple of 8 bytes, then the values.
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, HostTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const header: [string, unknown][] = [];
  const entries = Object.entries(metadata);
  for (const [key, value] of entries) {
    checkName('metadata', key);
    if (typeof value !== 'string') {
      throw new InputError(
        `Expected a string for metadata '${oneLine(key)}' but received ${value === null ? 'null' : typeof value}`,
      );
    }
  }
  if (entries.length > 0) header.push([METADATA, metadata]);

  // Bytes go last, so that everything else stays aligned to 4 bytes in the file.
  const sorted = Object.entries(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  const values: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, data }] of sorted) {
    checkName('tensors', name);
    const count = shape.reduce((product, n) => product * n, 1);
    if (!shape.every(isCount) || count !== data.length) {
      throw new InputError(
        `Expected ${count} values for tensor '${oneLine(name)}' of shape [${shape.join(', ')}] but received ${data.length}`,
      );
    }
    const begin = end;
    end += data.byteLength;
    header.push([name, { dtype: typeOf(data), shape, data_offsets: [begin, end] }]);
    values.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)), 'utf8');
  const padded = Buffer.alloc(Math.ceil(json.length / 8) * 8, ' ');
  json.copy(padded);
  if (padded.length > MAX_HEADER_BYTES) {
    throw new InputError(
      `Expected a safetensors header of at most ${MAX_HEADER_BYTES} bytes but received ${padded.length} bytes of names and metadata`,
    );
  }
  const length = Buffer.alloc(PREFIX_BYTES);
  length.writeBigUInt64LE(BigInt(padded.length));
  return [length, padded, ...values];
}

/** Parses a whole safetensors file held in memory; `name` stands for the file in error messages. */
export function decodeSafetensors(
  bytes: Uint8Array,
  name: string,
): { tensors: Record<string, HostTensor>; metadata: Record<string, string> } {
  const headerBytes = headerLength(bytes.subarray(0, PREFIX_BYTES), bytes.length, name);
  const from = PREFIX_BYTES + headerBytes;
  const header = parseHeader(bytes.subarray(PREFIX_BYTES, from), bytes.length - from, name);
  const tensors = emptyRecord<HostTensor>();
  for (const info of header.tensors) {
    // Copied, because the values may begin anywhere and typed arrays only at multiples of their item's size.
    const own = new Uint8Array(bytes.subarray(from + info.begin, from + info.end));
    tensors[info.name] = { shape: info.shape, data: viewOf(info, own, name) };
  }
  return { tensors, metadata: { ...header.metadata } };
}

/** The header's length in bytes, from the file's first 8 bytes and its whole size. @throws InputError */
export function headerLength(prefix: Uint8Array, fileBytes: number, name: string): number {
  if (prefix.length < PREFIX_BYTES || fileBytes < PREFIX_BYTES) {
    throw new InputError(
      `Expected a safetensors file of at least ${PREFIX_BYTES} bytes in '${name}' but received ${fileBytes} bytes`,
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, PREFIX_BYTES).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw new InputError(
      `Expected a safetensors header of at most ${MAX_HEADER_BYTES} bytes in '${name}' but received a length of ${length}`,
    );
  }
  if (Number(length) > fileBytes - PREFIX_BYTES) {
    throw new InputError(
      `Expected a safetensors header of ${length} bytes in '${name}' but received ${fileBytes - PREFIX_BYTES} bytes: it is truncated`,
    );
  }
  return Number(length);
}

/**
 * Parses a safetensors header and checks all that it says against the `dataBytes` that follow it: known types, shapes
 * that agree with the bytes, and values that fill those bytes without overlap or hole, as the format demands.
 *
 * @throws InputError naming the file.
 */
export function parseHeader(bytes: Uint8Array, dataBytes: number, name: string): SafetensorsHeader {
  const fail = (expected: string, received: string): never => {
    throw new InputError(`Expected ${expected} in '${name}' but received ${received}`);
  };
  const root = parseJson(bytes, name);
  const tensors: TensorInfo[] = [];
  const metadata = emptyRecord<string>();
  for (const [key, entry] of Object.entries(root)) {
    const shown = oneLine(JSON.stringify(key), 80);
    if (key === METADATA) {
      if (!isObject(entry)) fail('strings by name for the header entry __metadata__', kindOf(entry));
      for (const [field, value] of Object.entries(entry as object)) {
        if (field === FORBIDDEN) fail('ordinary names in __metadata__', `"${FORBIDDEN}"`);
        if (typeof value !== 'string')
          fail(`a string for metadata ${oneLine(JSON.stringify(field), 80)}`, kindOf(value));
        metadata[field] = value;
      }
      continue;
    }
    if (key === FORBIDDEN) fail('ordinary tensor names', `"${FORBIDDEN}"`);
    if (!isObject(entry)) return fail(`dtype, shape and data_offsets for tensor ${shown}`, kindOf(entry));
    const { dtype, shape, data_offsets: offsets } = entry;
    if (typeof dtype !== 'string' || !Object.hasOwn(ITEM_BYTES, dtype)) {
      fail(
        `dtype F32, I32, U8 or I64 for tensor ${shown}`,
        typeof dtype === 'string' ? oneLine(dtype, 40) : kindOf(dtype),
      );
    }
    const type = dtype as SafetensorsType;
    if (!Array.isArray(shape) || !shape.every(isCount)) {
      return fail(`a list of whole numbers for the shape of tensor ${shown}`, shorten(shape));
    }
    if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
      return fail(`two whole numbers for the data_offsets of tensor ${shown}`, shorten(offsets));
    }
    const [begin, end] = offsets as [number, number];
    if (begin > end || end > dataBytes)
      fail(`data_offsets within the ${dataBytes} bytes of values for tensor ${shown}`, `[${begin}, ${end}]`);
    const size = shape.reduce((product: number, n: number) => product * n, 1) * ITEM_BYTES[type];
    if (size !== end - begin)
      fail(`${size} bytes for ${type} tensor ${shown} of shape ${shorten(shape)}`, `${end - begin}`);
    tensors.push({ name: key, type, shape: shape as number[], begin, end });
  }

  let filled = 0;
  for (const info of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (info.begin !== filled) {
      const kind = info.begin < filled ? 'it overlaps another tensor' : 'bytes before it belong to no tensor';
      fail(`tensor ${oneLine(JSON.stringify(info.name), 80)} to begin at byte ${filled}`, `${info.begin}: ${kind}`);
    }
    filled = info.end;
  }
  if (filled !== dataBytes) fail(`${filled} bytes of values`, `${dataBytes}: the last belong to no tensor`);
  return { tensors, metadata };
}

/** Typed values of a tensor over bytes of its own. @throws InputError naming the file where one needs 64 bits. */
export function viewOf(info: TensorInfo, bytes: Uint8Array, name: string): Float32Array | Int32Array | Uint8Array {
  if (info.type === 'U8') return bytes;
  if (info.type === 'I64') {
    return Int32Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8), (value) => {
      if (BigInt.asIntN(32, value) === value) return Number(value);
      const shown = oneLine(JSON.stringify(info.name), 80);
      throw new InputError(`Expected numbers of 32 bits in I64 tensor ${shown} in '${name}' but received ${value}`);
    });
  }
  const items = bytes.length / 4;
  return info.type === 'F32'
    ? new Float32Array(bytes.buffer, bytes.byteOffset, items)
    : new Int32Array(bytes.buffer, bytes.byteOffset, items);
}

/** A record on which names such as `constructor` are absent until they are set. */
export function emptyRecord<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>;
}

function parseJson(bytes: Uint8Array, name: string): Record<string, unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InputError(`Expected UTF-8 in the safetensors header of '${name}' but received other bytes`);
  }
  if (text[0] !== '{') {
    throw new InputError(
      `Expected a safetensors header that begins with { in '${name}' but received ${shorten(text[0] ?? 'nothing')}`,
    );
  }
  checkDepth(text, name);
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw new InputError(
      `Expected a safetensors header in JSON in '${name}' but received: ${oneLine((error as Error).message, 160)}`,
    );
  }
  checkDuplicates(text, name);
  return root as Record<string, unknown>;
}

/** Refuses deep nesting before a parser meets it. */
function checkDepth(text: string, name: string): void {
  let depth = 0;
  scan(text, (char) => {
    if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    if (depth > MAX_DEPTH) {
      throw new InputError(
        `Expected a safetensors header nested at most ${MAX_DEPTH} deep in '${name}' but received more`,
      );
    }
  });
}

/** `JSON.parse` keeps the last of several equal keys; another reader might keep the first, and see another file. */
function checkDuplicates(text: string, name: string): void {
  const keys: (Set<string> | undefined)[] = [];
  let expectKey = false;
  scan(text, (char, start, end) => {
    if (char === '{') {
      keys.push(new Set());
      expectKey = true;
    } else if (char === '[') {
      keys.push(undefined);
    } else if (char === '}' || char === ']') {
      keys.pop();
      expectKey = false;
    } else if (char === ',') {
      expectKey = keys.at(-1) !== undefined;
    } else if (expectKey) {
      expectKey = false;
      const key = JSON.parse(text.slice(start, end)) as string;
      const seen = keys.at(-1);
      if (seen?.has(key)) {
        throw new InputError(
          `Expected each name once in the safetensors header of '${name}' but received ${oneLine(JSON.stringify(key), 80)} twice`,
        );
      }
      seen?.add(key);
    }
  });
}

/** Calls `visit` for each bracket, comma and string of a JSON text; a string is given with its quotes. */
function scan(text: string, visit: (char: string, start: number, end: number) => void): void {
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === '"') {
      const start = i++;
      while (i < text.length && text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      visit(char, start, i + 1);
    } else if ('{}[],'.includes(char)) {
      visit(char, i, i + 1);
    }
  }
}

function checkName(what: string, name: string): void {
  const reserved = name === FORBIDDEN || (what === 'tensors' && name === METADATA);
  if (reserved) throw new InputError(`Expected ordinary names for ${what} but received "${name}", which is reserved`);
  if (/\p{Surrogate}/u.test(name))
    throw new InputError(`Expected Unicode text for the names of ${what} but received half of a character`);
}

function typeOf(data: HostTensor['data']): SafetensorsType {
  if (data instanceof Float32Array) return 'F32';
  return data instanceof Int32Array ? 'I32' : 'U8';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

function shorten(value: unknown): string {
  if (value === undefined) return 'nothing';
  // A list may have millions of items: only its beginning is shown.
  return oneLine(JSON.stringify(Array.isArray(value) ? value.slice(0, 16) : value), 80);
}
