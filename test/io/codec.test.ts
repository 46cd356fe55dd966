import { InputError } from '../../lib/errors';
import {
  decodeSafetensors,
  encodeSafetensors,
  type HostTensor,
  headerLength,
  MAX_HEADER_BYTES,
} from '../../lib/io/codec';

const sample: Record<string, HostTensor> = {
  bytes: { shape: [3], data: Uint8Array.of(1, 2, 255) },
  'conv.weight': { shape: [2, 3], data: Float32Array.of(0, -1.5, 1e-40, Number.NaN, Number.POSITIVE_INFINITY, 3) },
  scalar: { shape: [], data: Float32Array.of(42) },
  none: { shape: [0, 5], data: new Float32Array() },
  labels: { shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) },
  'ünï ☃ "quoted" \\ \n': { shape: [1], data: Uint8Array.of(9) },
  constructor: { shape: [1], data: Uint8Array.of(7) },
};

function pack(tensors: Record<string, HostTensor>, metadata?: Record<string, string>): Buffer {
  return Buffer.concat(encodeSafetensors(tensors, metadata));
}

/** A file with this header, given as text or as what becomes JSON, before so many bytes of values. */
function craft(header: unknown, dataBytes: number, length?: bigint): Buffer {
  const json = Buffer.isBuffer(header)
    ? header
    : Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(length ?? BigInt(json.length));
  return Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]);
}

describe('encode and decode', () => {
  test('give back names, shapes, bits and metadata', () => {
    const metadata = { model: 'lenet5', note: 'ü "x"\n', empty: '', toString: 'own' };
    const decoded = decodeSafetensors(pack(sample, metadata), 'x');
    expect(Object.keys(decoded.tensors).sort()).toEqual(Object.keys(sample).sort());
    for (const [name, { shape, data }] of Object.entries(sample)) {
      const back = decoded.tensors[name] as HostTensor;
      expect(back.shape).toEqual(shape);
      expect(back.data.constructor.name).toBe(data.constructor.name);
      expect(Buffer.from(back.data.buffer, back.data.byteOffset, back.data.byteLength)).toEqual(
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
    }
    expect({ ...decoded.metadata }).toEqual(metadata);
  });

  test('the layout is the format’s', () => {
    const file = pack(sample, { a: 'b' });
    const length = Number(file.readBigUInt64LE());
    const header = JSON.parse(file.toString('utf8', 8, 8 + length));
    expect(length % 8).toBe(0);
    expect(header.__metadata__).toEqual({ a: 'b' });
    expect(header['conv.weight']).toMatchObject({ dtype: 'F32', shape: [2, 3] });
    for (const { dtype, data_offsets } of Object.values<{ dtype: string; data_offsets: number[] }>(header)) {
      if (dtype === 'F32' || dtype === 'I32') expect((data_offsets[0] as number) % 4).toBe(0);
    }
  });

  test('no tensors at all', () => {
    expect(decodeSafetensors(pack({}), 'x')).toEqual({ tensors: {}, metadata: {} });
    expect(decodeSafetensors(craft('{}', 0), 'x').metadata).toEqual({});
  });

  test('values that begin anywhere, in any order, with blanks around the header', () => {
    const header = {
      late: { shape: [1], data_offsets: [3, 7], dtype: 'F32', extra: 1 },
      early: { dtype: 'U8', shape: [3], data_offsets: [0, 3] },
      nothing: { dtype: 'I32', shape: [2, 0], data_offsets: [3, 3] },
    };
    const file = craft(`${JSON.stringify(header)}   \n`, 7);
    file.writeFloatLE(1.5, file.length - 4);
    const { tensors } = decodeSafetensors(file, 'x');
    expect((tensors.late as HostTensor).data).toEqual(Float32Array.of(1.5));
    expect((tensors.early as HostTensor).data).toEqual(new Uint8Array(3));
    expect((tensors.nothing as HostTensor).shape).toEqual([2, 0]);
  });
});

describe('numbers of 64 bits', () => {
  const counts = (...values: bigint[]): Buffer => {
    const bytes = 8 * values.length;
    const file = craft({ a: { dtype: 'I64', shape: [values.length], data_offsets: [0, bytes] } }, bytes);
    values.forEach((value, index) => {
      file.writeBigInt64LE(value, file.length - bytes + 8 * index);
    });
    return file;
  };

  test('become numbers of 32', () => {
    const values = [0, -1, 2 ** 31 - 1, -(2 ** 31)];
    const { tensors } = decodeSafetensors(counts(...values.map(BigInt)), 'x');
    expect((tensors.a as HostTensor).data).toEqual(Int32Array.from(values));
    expect((decodeSafetensors(counts(), 'x').tensors.a as HostTensor).data).toEqual(new Int32Array());
  });

  test.each([2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)])('%s does not fit', (value) => {
    const message = `Expected numbers of 32 bits in I64 tensor "a" in 'x' but received ${value}`;
    expect(() => decodeSafetensors(counts(1n, value), 'x')).toThrow(new InputError(message));
  });
});

describe('what cannot be encoded', () => {
  const one = { shape: [1], data: Float32Array.of(1) };
  const cases: [string, () => unknown, RegExp][] = [
    ['a reserved name', () => pack({ __metadata__: one }), /"__metadata__", which is reserved/],
    ['a prototype', () => pack(JSON.parse('{"__proto__":{"shape":[],"data":[]}}')), /"__proto__", which is reserved/],
    ['a prototype in metadata', () => pack({}, JSON.parse('{"__proto__":"x"}')), /"__proto__", which is reserved/],
    [
      'a shape that does not fit',
      () => pack({ a: { shape: [2], data: Float32Array.of(1) } }),
      /2 values for tensor 'a'.* received 1/,
    ],
    [
      'metadata other than strings',
      () => pack({}, { epoch: 3 as unknown as string }),
      /string for metadata 'epoch' but received number/,
    ],
    ['half a character', () => pack({ '\ud800': one }), /half of a character/],
    [
      'a header past the limit',
      () => pack({}, { x: 'y'.repeat(MAX_HEADER_BYTES) }),
      /header of at most 100000000 bytes/,
    ],
  ];
  test.each(cases)('%s', (_, call, message) => {
    expect(call).toThrow(InputError);
    expect(call).toThrow(message);
  });
});

describe('hostile files: one line that names the file', () => {
  const entry = (over: object = {}): object => ({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...over } });
  const u8 = (begin: number, end: number): object => ({
    dtype: 'U8',
    shape: [end - begin],
    data_offsets: [begin, end],
  });
  const cases: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /at least 8 bytes.* received 0 bytes/],
    ['seven bytes', Buffer.alloc(7), /at least 8 bytes.* received 7 bytes/],
    ['a header of no bytes', craft('', 0), /begins with \{/],
    ['a header past the end', craft('{}', 0, 3n), /header of 3 bytes.* received 2 bytes: it is truncated/],
    ['a header over the limit', craft('{}', 0, 100_000_001n), /at most 100000000 bytes.* length of 100000001/],
    ['the largest header length', craft('{}', 0, 2n ** 64n - 1n), /length of 18446744073709551615/],
    ['a header length past double precision', craft('{}', 0, 2n ** 53n + 1n), /length of 9007199254740993/],
    ['no UTF-8', craft(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), 0), /UTF-8/],
    ['a byte order mark', craft('\ufeff{}', 0), /begins with \{/],
    ['a list', craft('[]', 0), /begins with \{/],
    ['a blank first', craft(' {}', 0), /begins with \{/],
    ['a cut header', craft('{"a":', 0), /in JSON/],
    ['an unfinished string', craft('{"a', 0), /in JSON/],
    ['an unfinished escape', craft('{"a\\', 0), /in JSON/],
    ['two objects', craft('{}{}', 0), /in JSON/],
    ['a comment', craft('{/**/}', 0), /in JSON/],
    ['NaN', craft('{"a":NaN}', 0), /in JSON/],
    ['deep nesting', craft(`{"a":${'['.repeat(1_000_000)}`, 0), /nested at most 3 deep/],
    [
      'a name twice',
      craft(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
        0,
      ),
      /each name once.*"a" twice/,
    ],
    [
      'a name twice, once escaped',
      craft(
        '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
        0,
      ),
      /"a" twice/,
    ],
    ['a field twice', craft('{"a":{"dtype":"U8","dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0), /"dtype" twice/],
    ['metadata twice', craft('{"__metadata__":{},"__metadata__":{}}', 0), /"__metadata__" twice/],
    [
      'a prototype',
      craft('{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', 0),
      /ordinary tensor names.*"__proto__"/,
    ],
    ['a prototype in metadata', craft('{"__metadata__":{"__proto__":"x"}}', 0), /ordinary names in __metadata__/],
    ['a number for an entry', craft({ a: 1 }, 0), /dtype, shape and data_offsets for tensor "a".* a number/],
    ['null for an entry', craft({ a: null }, 0), /for tensor "a".* null/],
    ['a list for an entry', craft({ a: [] }, 0), /for tensor "a".* a list/],
    ['metadata of a list', craft({ __metadata__: [] }, 0), /strings by name.* a list/],
    ['metadata of text', craft({ __metadata__: 'x' }, 0), /strings by name.* a string/],
    ['metadata of a number', craft({ __metadata__: { epoch: 3 } }, 0), /string for metadata "epoch".* a number/],
    ['no dtype', craft(entry({ dtype: undefined }), 8), /dtype F32, I32, U8 or I64.* nothing/],
    [
      'half a number of 64 bits',
      craft(entry({ dtype: 'I64', shape: [1], data_offsets: [0, 4] }), 4),
      /8 bytes for I64 tensor "a".* 4/,
    ],
    [
      'a type of doubles',
      craft(entry({ dtype: 'F64', shape: [1] }), 8),
      /dtype F32, I32, U8 or I64 for tensor "a".* F64/,
    ],
    ['a type in lower case', craft(entry({ dtype: 'f32' }), 8), /received f32/],
    ['a type from the prototype', craft(entry({ dtype: 'constructor' }), 8), /received constructor/],
    ['a number for a type', craft(entry({ dtype: 1 }), 8), /a number/],
    ['no shape', craft(entry({ shape: undefined }), 8), /shape of tensor "a".* nothing/],
    ['a number for a shape', craft(entry({ shape: 2 }), 8), /shape of tensor "a".* 2/],
    ['a negative extent', craft(entry({ shape: [-2] }), 8), /shape of tensor "a".* \[-2\]/],
    ['two negative extents', craft(entry({ shape: [-2, -1] }), 8), /shape of tensor "a"/],
    ['half an extent', craft(entry({ shape: [0.5, 4] }), 8), /shape of tensor "a"/],
    ['an extent of text', craft(entry({ shape: ['2'] }), 8), /shape of tensor "a"/],
    [
      'an extent past safe integers',
      craft('{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,8]}}', 8),
      /shape of tensor "a"/,
    ],
    [
      'an infinite extent',
      craft('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,8]}}', 8),
      /shape of tensor "a"/,
    ],
    ['a product that overflows', craft(entry({ shape: [2 ** 52, 2 ** 52, 2 ** 52] }), 8), /bytes for F32 tensor "a"/],
    [
      'a product that wraps to the right size',
      craft(entry({ shape: [2 ** 32 + 1, 2 ** 32, 2] }), 8),
      /bytes for F32 tensor "a"/,
    ],
    ['a shape of millions', craft(entry({ shape: new Array(1_000_000).fill(2) }), 8), /bytes for F32 tensor "a"/],
    [
      'more values than bytes',
      craft(entry({ shape: [3] }), 8),
      /12 bytes for F32 tensor "a" of shape \[3\].* received 8/,
    ],
    ['fewer values than bytes', craft(entry({ shape: [1] }), 8), /4 bytes for F32 tensor "a"/],
    ['no offsets', craft(entry({ data_offsets: undefined }), 8), /data_offsets of tensor "a".* nothing/],
    ['one offset', craft(entry({ data_offsets: [0] }), 8), /two whole numbers/],
    ['three offsets', craft(entry({ data_offsets: [0, 8, 8] }), 8), /two whole numbers/],
    ['negative offsets', craft(entry({ data_offsets: [-8, 0] }), 8), /two whole numbers/],
    ['offsets backwards', craft(entry({ data_offsets: [8, 0] }), 8), /within the 8 bytes.* \[8, 0\]/],
    ['offsets past the end', craft(entry({ data_offsets: [8, 16] }), 8), /within the 8 bytes.* \[8, 16\]/],
    ['a cut file', craft(entry(), 7), /within the 7 bytes/],
    ['overlap', craft({ a: u8(0, 5), b: u8(4, 8) }, 8), /tensor "b" to begin at byte 5.* 4: it overlaps/],
    ['the same bytes twice', craft({ a: u8(0, 8), b: u8(0, 8) }, 8), /overlaps/],
    ['one within another', craft({ a: u8(0, 8), b: u8(2, 4) }, 8), /overlaps/],
    ['a hole', craft({ a: u8(0, 3), b: u8(4, 8) }, 8), /begin at byte 3.* 4: bytes before it belong to no tensor/],
    ['a hole in front', craft({ a: u8(1, 8) }, 8), /begin at byte 0.* 1: bytes before it/],
    ['bytes left over', craft({ a: u8(0, 7) }, 8), /7 bytes of values.* 8: the last belong to no tensor/],
    ['values without tensors', craft('{}', 1), /0 bytes of values.* received 1/],
    ['a name of control characters', craft(JSON.stringify({ 'a\n\u001b[31m': 1 }), 0), /Expected/],
    ['a name of a megabyte', craft({ ['x'.repeat(1_000_000)]: 1 }, 0), /Expected/],
    ['strings of escapes alone', craft(`{"${'\\n'.repeat(2_000_000)}":1}`, 0), /Expected/],
  ];
  test.each(cases)('%s', (_, file, message) => {
    let caught: unknown;
    try {
      decodeSafetensors(file, 'evil.safetensors');
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(InputError);
    const text = (caught as Error).message;
    expect(text).toMatch(message);
    expect(text).toContain('evil.safetensors');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may reach a terminal
    expect(text).not.toMatch(/[\u0000-\u001f]/);
    expect(text.length).toBeLessThan(500);
  });
});

test('headerLength believes the smaller of prefix and file', () => {
  expect(headerLength(Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), 10, 'x')).toBe(2);
  expect(() => headerLength(Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), 10, 'x')).toThrow(/truncated/);
});

test('a fuzzed file is read whole or refused with an InputError', () => {
  const file = pack(
    { a: sample['conv.weight'] as HostTensor, b: sample.bytes as HostTensor, c: sample.labels as HostTensor },
    { m: 'x' },
  );
  const headerEnd = 8 + Number(file.readBigUInt64LE());
  let state = 12345;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const pieces = [
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '-',
    '0',
    '9',
    '1e9',
    'null',
    '\\',
    '\\u',
    '__proto__',
    'F64',
    '\0',
    'ÿ',
    '18446744073709551616',
  ];
  let refused = 0;
  for (let round = 0; round < 10_000; round++) {
    let bytes = Buffer.from(file);
    for (let edits = 1 + random(4); edits > 0; edits--) {
      const at = random(round % 4 === 0 ? bytes.length : Math.min(bytes.length, headerEnd));
      const kind = random(5);
      if (kind === 0) bytes[at] = random(256);
      else if (kind === 1) bytes[at] = (bytes[at] as number) ^ (1 << random(8));
      else if (kind === 2)
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(pieces[random(pieces.length)] as string),
          bytes.subarray(at),
        ]);
      else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(8))]);
      else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + random(40)), bytes.subarray(at)]);
      // Half of the time the length is put right, so that the edit reaches the parser.
      if (bytes.length >= 8 && random(2) === 0)
        bytes.writeBigUInt64LE(BigInt(Math.max(0, headerEnd - 8 + bytes.length - file.length)));
      if (bytes.length === 0) break;
    }
    try {
      const { tensors } = decodeSafetensors(bytes, 'fuzz');
      for (const { shape, data } of Object.values(tensors)) expect(shape.reduce((p, n) => p * n, 1)).toBe(data.length);
    } catch (error) {
      if (!(error instanceof InputError)) throw new Error(`round ${round}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(5000);
  expect(refused).toBeLessThan(10_000);
});
