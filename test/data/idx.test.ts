import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { idx, parseIdx } from '../../lib/data/idx';
import { InputError } from '../../lib/errors';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hebb-idx-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function idxBytes(shape: number[], values: Uint8Array, type = 8, zeros = 0): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt16BE(zeros, 0);
  header[2] = type;
  header[3] = shape.length;
  for (const [i, n] of shape.entries()) header.writeUInt32BE(n, 4 + 4 * i);
  return Buffer.concat([header, values]);
}

function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const values = Uint8Array.from({ length: 24 }, (_, i) => (i * 37) & 255);

describe('sound files', () => {
  test.each([
    ['plain', idxBytes([2, 3, 4], values)],
    ['compressed', gzipSync(idxBytes([2, 3, 4], values))],
    [
      'compressed in two members',
      Buffer.concat([gzipSync(idxBytes([2, 3, 4], values).subarray(0, 20)), gzipSync(values.subarray(4))]),
    ],
  ])('%s', (name, bytes) => {
    const read = idx(file(name, bytes));
    expect(read.shape).toEqual([2, 3, 4]);
    expect(Uint8Array.from(read.data)).toEqual(values);
  });

  test('the content decides about compression, not the name', () => {
    expect(idx(file('plain.gz', idxBytes([24], values))).shape).toEqual([24]);
    expect(idx(file('named-plain', gzipSync(idxBytes([24], values)))).shape).toEqual([24]);
  });

  test('no items, and eight dimensions', () => {
    expect(parseIdx(idxBytes([0, 28, 28], new Uint8Array()), 'x').data.length).toBe(0);
    expect(parseIdx(gzipSync(idxBytes([0], new Uint8Array())), 'x').data.length).toBe(0);
    expect(parseIdx(idxBytes([1, 2, 1, 3, 1, 4, 1, 1], values), 'x').shape).toHaveLength(8);
  });

  test('more than the header that is looked at first', () => {
    const big = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255);
    expect(Buffer.compare(parseIdx(gzipSync(idxBytes([300, 1000], big)), 'x').data, big)).toBe(0);
  });
});

describe('damaged files: one line that names the file', () => {
  const whole = idxBytes([2, 3, 4], values);
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', new Uint8Array(), /at least 4 bytes .* received 0 bytes/],
    ['three bytes', whole.subarray(0, 3), /at least 4 bytes .* received 3 bytes/],
    ['magic', idxBytes([24], values, 8, 0x504b), /two zero bytes.* received magic 0x504b0801/],
    ['float type', idxBytes([6], values, 13), /type 0x08 \(uint8\).* received 0x0d \(float32\)/],
    ['unknown type', idxBytes([6], values, 77), /type 0x08 \(uint8\).* received 0x4d/],
    ['no dimensions', idxBytes([], values), /1 to 8 dimensions.* received 0/],
    ['many dimensions', Buffer.from([0, 0, 8, 255, ...values]), /1 to 8 dimensions.* received 255/],
    ['header cut', whole.subarray(0, 11), /header of 16 bytes.* received 11 bytes: it is truncated/],
    [
      'values cut',
      whole.subarray(0, whole.length - 1),
      /24 bytes of values for shape \[2,3,4\].* received 23: it is truncated/,
    ],
    ['trailing', Buffer.concat([whole, Buffer.from([0])]), /24 bytes of values.* received 25: it has trailing bytes/],
    ['huge', idxBytes([2 ** 32 - 1, 2 ** 32 - 1, 2 ** 32 - 1], values), /at most 2147483647 bytes/],
    ['product that wraps around', idxBytes([2 ** 31, 2 ** 31, 4], values), /at most 2147483647 bytes/],
    ['gzip of nothing', gzipSync(new Uint8Array()), /received 0 bytes/],
    ['gzip cut in its values', gzipSync(whole).subarray(0, 30), /whole gzip file.*damaged data/],
    ['gzip cut in its header', gzipSync(whole).subarray(0, 5), /expected|received/i],
    ['gzip with a wrong checksum', flip(gzipSync(whole), -6), /whole gzip file.*damaged data/],
    ['gzip of damaged data', flip(gzipSync(whole), 10), /damaged data|Expected/],
    [
      'gzip of trailing bytes',
      gzipSync(Buffer.concat([whole, values])),
      /40 bytes after decompression.* more: it has trailing bytes/,
    ],
    ['gzip of too few', gzipSync(whole.subarray(0, 30)), /24 bytes of values.* received 14: it is truncated/],
    ['gzip of a wrong magic', gzipSync(Buffer.from('not an idx file')), /two zero bytes/],
  ];
  test.each(cases)('%s', (name, bytes, message) => {
    const path = file(`bad ${name}`, bytes);
    const error = thrown(() => idx(path));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(path);
    expect(error.message).not.toContain('\n');
  });

  test('a small file that expands to gigabytes is refused without expanding it', () => {
    const bomb = gzipSync(Buffer.concat([idxBytes([1], new Uint8Array()), Buffer.alloc(200_000_000)]));
    const before = process.memoryUsage().rss;
    expect(() => parseIdx(bomb, 'bomb.gz')).toThrow(/'bomb.gz'.* more/);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test('a limit of the caller', () => {
    expect(() => parseIdx(whole, 'x', { maxBytes: 23 })).toThrow(/at most 23 bytes/);
    expect(() => idx(file('large', Buffer.alloc(1000)), { maxBytes: 23 })).toThrow(/at most/);
  });

  test('every single damaged byte of the header is noticed or changes nothing but values', () => {
    for (let at = 0; at < 16; at++) {
      for (const mask of [1, 0x80, 0xff]) {
        expect(thrown(() => parseIdx(flip(whole, at, mask), 'x'))).toBeInstanceOf(InputError);
      }
    }
  });
});

test('what is no file', () => {
  expect(() => idx(join(folder, 'absent'))).toThrow(/Cannot read '.*absent': no such file or folder \(ENOENT\)/);
  mkdirSync(join(folder, 'sub'));
  expect(() => idx(join(folder, 'sub'))).toThrow(/regular file.* a folder/);
  expect(() => idx('/dev/zero')).toThrow(/regular file.* device or pipe/);
});

function flip(bytes: Uint8Array, at: number, mask = 0xff): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const index = at < 0 ? copy.length + at : at;
  copy[index] = (copy[index] as number) ^ mask;
  return copy;
}

function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Expected an error but none was thrown');
}
