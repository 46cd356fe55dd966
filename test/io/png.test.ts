import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync, crc32 as nodeCrc32 } from 'node:zlib';
import { PNG } from 'pngjs';
import { InputError } from '../../lib/errors';
import { decodePng, readPng, toGreyscale } from '../../lib/io/png';

/** zlib.crc32 came with Node 20.15. */
function crc32(bytes: Uint8Array): number {
  if (typeof nodeCrc32 === 'function') return nodeCrc32(bytes);
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

interface Header {
  width: number;
  height: number;
  depth?: number;
  colour?: number;
  interlace?: number;
}

function png(header: Header, raw: Uint8Array, extra: Buffer[] = []): Buffer {
  const { width, height, depth = 8, colour = 0, interlace = 0 } = header;
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(width, 0);
  ihdr.writeUInt32BE(height, 4);
  ihdr.set([depth, colour, 0, 0, interlace], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', ihdr),
    ...extra,
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Rows of bytes, each behind filter type 0. */
function rows(...lines: number[][]): Buffer {
  return Buffer.from(lines.flatMap((line) => [0, ...line]));
}

describe('colour types', () => {
  const palette = chunk('PLTE', Buffer.from([255, 0, 0, 0, 0, 255]));
  const cases: [string, Buffer, number, number[]][] = [
    ['grey', png({ width: 2, height: 2 }, rows([0, 128], [255, 7])), 1, [0, 128, 255, 7]],
    ['grey of 1 bit', png({ width: 3, height: 1, depth: 1 }, rows([0b10100000])), 1, [255, 0, 255]],
    ['grey of 4 bits', png({ width: 2, height: 1, depth: 4 }, rows([0x0f])), 1, [0, 255]],
    ['grey of 16 bits', png({ width: 2, height: 1, depth: 16 }, rows([0xff, 0xff, 0x80, 0x80])), 1, [255, 128]],
    ['grey, all opaque', png({ width: 1, height: 1, colour: 4 }, rows([9, 255])), 1, [9]],
    ['grey with opacity', png({ width: 1, height: 1, colour: 4 }, rows([9, 128])), 4, [9, 9, 9, 128]],
    ['colour', png({ width: 2, height: 1, colour: 2 }, rows([1, 2, 3, 4, 5, 6])), 3, [1, 2, 3, 4, 5, 6]],
    ['colour with opacity', png({ width: 1, height: 1, colour: 6 }, rows([1, 2, 3, 4])), 4, [1, 2, 3, 4]],
    ['colour, all opaque', png({ width: 1, height: 1, colour: 6 }, rows([1, 2, 3, 255])), 3, [1, 2, 3]],
    ['palette', png({ width: 2, height: 1, colour: 3 }, rows([1, 0]), [palette]), 3, [0, 0, 255, 255, 0, 0]],
    ['interlaced', png({ width: 2, height: 2, interlace: 1 }, rows([10], [20], [30, 40])), 1, [10, 20, 30, 40]],
  ];
  test.each(cases)('%s', (_, file, channels, data) => {
    const image = decodePng(file, 'x');
    expect(image.channels).toBe(channels);
    expect([...image.data]).toEqual(data);
    expect(image.data).toHaveLength(image.width * image.height * channels);
  });

  test('an interlaced image of every size up to 17 by 11 is as the plain one', () => {
    for (let width = 1; width <= 17; width++) {
      for (let height = 1; height <= 11; height++) {
        const value = (x: number, y: number): number => (x * 31 + y * 17) & 255;
        const passes = [
          [0, 0, 8, 8],
          [4, 0, 8, 8],
          [0, 4, 4, 8],
          [2, 0, 4, 4],
          [0, 2, 2, 4],
          [1, 0, 2, 2],
          [0, 1, 1, 2],
        ];
        const raw: number[] = [];
        for (const [x0, y0, dx, dy] of passes as [number, number, number, number][]) {
          for (let y = y0; y < height; y += dy) {
            if (x0 < width) raw.push(0);
            for (let x = x0; x < width; x += dx) raw.push(value(x, y));
          }
        }
        const { data } = decodePng(png({ width, height, interlace: 1 }, Buffer.from(raw)), 'x');
        expect([...data]).toEqual(
          Array.from({ length: width * height }, (_, i) => value(i % width, Math.floor(i / width))),
        );
      }
    }
  });

  test('a file from another encoder', () => {
    const image = new PNG({ width: 28, height: 28 });
    for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (i * 7) & 255;
    const folder = mkdtempSync(join(tmpdir(), 'hebb-png-'));
    try {
      const path = join(folder, 'a.png');
      writeFileSync(path, PNG.sync.write(image));
      const read = readPng(path);
      expect([read.width, read.height, read.channels]).toEqual([28, 28, 3]);
      expect(read.data[4]).toBe(image.data[5]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('toGreyscale weighs colours and lays the image on a background', () => {
  const of = (channels: 1 | 3 | 4, ...data: number[]): number[] => [
    ...toGreyscale({ width: data.length / channels, height: 1, channels, data: Uint8Array.from(data) }, 200),
  ];
  expect(of(1, 3, 4)).toEqual([3, 4]);
  expect(of(3, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0)).toEqual([76, 150, 29, 255, 0]);
  expect(of(4, 10, 10, 10, 255, 10, 10, 10, 0, 0, 0, 0, 51)).toEqual([10, 200, 160]);
});

describe('bad files: one line that names the file', () => {
  const good = png({ width: 2, height: 2 }, rows([0, 128], [255, 7]));
  const cases: [string, Uint8Array, RegExp][] = [
    ['empty', Buffer.alloc(0), /another kind of file/],
    ['text', Buffer.from('this is no picture but a line of plain text'), /another kind of file/],
    ['JPEG', Buffer.concat([Buffer.from('ffd8ffe000104a464946', 'hex'), Buffer.alloc(60)]), /another kind of file/],
    ['cut after the header', good.subarray(0, 33), /whole pixel data|truncated/],
    ['cut in the pixels', good.subarray(0, 50), /pixel data/],
    ['a wrong checksum', flip(good, 45), /PNG/],
    ['no width', png({ width: 0, height: 2 }, rows()), /sound PNG header.* 0x2/],
    ['a strange colour type', png({ width: 1, height: 1, colour: 5 }, rows([0])), /colour type 5/],
    ['a strange depth', png({ width: 1, height: 1, depth: 3 }, rows([0])), /depth 3/],
    [
      'a depth that colour cannot have',
      png({ width: 1, height: 1, depth: 1, colour: 2 }, rows([0])),
      /sound PNG header.*depth 1, colour type 2/,
    ],
    [
      'too few pixels',
      png({ width: 2, height: 3 }, rows([0, 1])),
      /9 bytes of pixel data.* received 3: it is truncated/,
    ],
    ['too many pixels', png({ width: 2, height: 1 }, rows([0, 1], [2, 3])), /3 bytes of pixel data.* received more/],
    ['too few of an interlaced image', png({ width: 2, height: 2, interlace: 1 }, rows([1])), /truncated/],
    ['no pixels', Buffer.concat([good.subarray(0, 33), chunk('IEND', Buffer.alloc(0))]), /pixel data/],
    ['a filter that does not exist', png({ width: 1, height: 1 }, Buffer.from([9, 0])), /PNG/],
    ['a palette image without palette', png({ width: 1, height: 1, colour: 3 }, rows([0])), /PNG/],
    [
      'a size past the limit',
      png({ width: 5000, height: 5000 }, Buffer.alloc(1)),
      /at most 16777216 pixels.* 5000x5000/,
    ],
    ['the largest size', png({ width: 2 ** 32 - 1, height: 2 ** 32 - 1 }, Buffer.alloc(1)), /at most 16777216 pixels/],
    ['a small file that expands to 300 MB', png({ width: 28, height: 28 }, Buffer.alloc(300_000_000)), /received more/],
    ['the same, interlaced', png({ width: 28, height: 28, interlace: 1 }, Buffer.alloc(300_000_000)), /received more/],
  ];
  test.each(cases)('%s', (_, file, message) => {
    const caught = thrown(() => decodePng(file, 'bad.png'));
    expect(caught).toBeInstanceOf(InputError);
    expect(caught.message).toMatch(message);
    expect(caught.message).toContain('bad.png');
    expect(caught.message).not.toContain('\n');
  });

  test('a fuzzed file is read or refused with an InputError', () => {
    let state = 99;
    const random = (n: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    for (let round = 0; round < 2000; round++) {
      const bytes = Buffer.from(good);
      for (let edits = 1 + random(3); edits > 0; edits--) bytes[random(bytes.length)] = random(256);
      try {
        decodePng(round % 5 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes, 'fuzz.png');
      } catch (error) {
        if (!(error instanceof InputError)) throw new Error(`round ${round}`, { cause: error });
      }
    }
  });

  test('a missing file and a folder', () => {
    expect(() => readPng('/nonexistent/a.png')).toThrow(/Cannot read '\/nonexistent\/a.png': no such file or folder/);
    expect(() => readPng(tmpdir())).toThrow(/a folder/);
  });
});

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ 0xff;
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
