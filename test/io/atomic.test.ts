import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type * as Promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../lib/errors';
import { checkWritable, writeFileAtomic } from '../../lib/io/atomic';

jest.mock('node:fs/promises', () => ({ ...jest.requireActual('node:fs/promises') }));
const actual = jest.requireActual<typeof Promises>('node:fs/promises');
const promises = jest.requireMock<typeof Promises>('node:fs/promises');

let folder: string;
let path: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'hebb-atomic-')));
  path = join(folder, 'model.safetensors');
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

const bytes = (text: string): Uint8Array => Buffer.from(text);
const listeners = process.listenerCount('exit');

function expectOnly(text: string | undefined): void {
  expect(readdirSync(folder)).toEqual(text === undefined ? [] : ['model.safetensors']);
  if (text !== undefined) expect(readFileSync(path, 'utf8')).toBe(text);
  expect(process.listenerCount('exit')).toBe(listeners);
}

test('writes all pieces, anew and over an old file', async () => {
  await writeFileAtomic(path, [bytes('ab'), new Uint8Array(), bytes('c')]);
  expectOnly('abc');
  await writeFileAtomic(path, [bytes('new')]);
  expectOnly('new');
});

test('keeps the old file’s mode and follows a symbolic link', async () => {
  writeFileSync(path, 'old');
  chmodSync(path, 0o600);
  const link = join(folder, 'link');
  symlinkSync('model.safetensors', link);
  await writeFileAtomic(link, [bytes('new')]);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('new');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('two writers at once: one of them wins, whole', async () => {
  const texts = ['a'.repeat(100_000), 'b'.repeat(100_000)];
  await Promise.all(
    texts.map((text) => writeFileAtomic(path, [bytes(text.slice(0, 50_000)), bytes(text.slice(50_000))])),
  );
  expect(texts).toContain(readFileSync(path, 'utf8'));
  expectOnly(readFileSync(path, 'utf8'));
});

describe.each([undefined, 'old'])('a failure leaves what was there (%s)', (old) => {
  beforeEach(() => {
    if (old !== undefined) writeFileSync(path, old);
  });

  test('of whoever gives the pieces', async () => {
    const failing = function* (): Generator<Uint8Array> {
      yield bytes('half');
      throw new Error('no more');
    };
    await expect(writeFileAtomic(path, failing())).rejects.toThrow('no more');
    expectOnly(old);
  });

  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  test.each(['write', 'sync', 'close'] as const)('of %s', async (method) => {
    jest.spyOn(promises, 'open').mockImplementation(async (...args) => {
      const handle = await actual.open(...args);
      const close = handle.close.bind(handle);
      jest.spyOn(handle, method as 'sync').mockImplementation(async () => {
        if (method === 'close') await close();
        throw full;
      });
      return handle;
    });
    const failed = writeFileAtomic(path, [bytes('first'), bytes('second')]);
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(`Cannot write '${path}': no space left on the device (ENOSPC)`);
    expectOnly(old);
  });

  test('of the second piece', async () => {
    let written = 0;
    jest.spyOn(promises, 'open').mockImplementation(async (...args) => {
      const handle = await actual.open(...args);
      const write = handle.write.bind(handle) as (...rest: unknown[]) => Promise<unknown>;
      handle.write = (async (...rest: unknown[]) => {
        if (written++ > 0) throw full;
        return write(...rest);
      }) as unknown as typeof handle.write;
      return handle;
    });
    await expect(writeFileAtomic(path, [bytes('first'), bytes('second')])).rejects.toThrow(/no space/);
    expectOnly(old);
  });

  test('of the renaming', async () => {
    jest.spyOn(promises, 'rename').mockRejectedValue(full);
    await expect(writeFileAtomic(path, [bytes('new')])).rejects.toThrow(/no space/);
    expectOnly(old);
  });

  test('a process that is ended in the middle', () => {
    const script = `
      const { writeFileAtomic } = require(${JSON.stringify(join(__dirname, '../../lib/io/atomic.ts'))});
      writeFileAtomic(${JSON.stringify(path)}, (function* () {
        yield Buffer.from('half');
        if (require('node:fs').readdirSync(${JSON.stringify(folder)}).every((name) => !name.endsWith('.tmp'))) process.exit(9);
        process.exit(130);
      })());`;
    let status = 0;
    try {
      execFileSync(process.execPath, ['-r', join(__dirname, '../harness/typescript.cjs'), '-e', script], {
        stdio: 'pipe',
      });
    } catch (error) {
      status = (error as { status: number }).status;
    }
    expect(status).toBe(130);
    expectOnly(old);
  });
});

describe('places that cannot be written are refused, by checkWritable and by writing', () => {
  const cases: [string, () => string, RegExp][] = [
    [
      'a folder that is not there',
      () => join(folder, 'absent', 'x'),
      /Cannot write '.*absent\/x': no such file or folder \(ENOENT\)/,
    ],
    ['a folder', () => folder, /Expected a file to write for .* a folder/],
    ['a name that ends as a folder', () => `${join(folder, 'x')}/`, /a folder's name/],
    [
      'below a file',
      () => {
        writeFileSync(join(folder, 'plain'), '');
        return join(folder, 'plain', 'x');
      },
      /Cannot write .*not a folder \(ENOTDIR\)/,
    ],
    ['a device', () => '/dev/null', /a device or pipe/],
    ['no name', () => '', /file name/],
    ['a name with a zero', () => 'a\0b', /file name/],
    ['a name too long', () => join(folder, 'x'.repeat(5000)), /too long \(ENAMETOOLONG\)/],
  ];
  test.each(cases)('%s', async (_, place, message) => {
    const target = place();
    const before = readdirSync(folder);
    await expect(checkWritable(target)).rejects.toThrow(InputError);
    await expect(checkWritable(target)).rejects.toThrow(message);
    await expect(writeFileAtomic(target, [bytes('x')])).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('checkWritable leaves no trace', async () => {
    await checkWritable(path);
    expectOnly(undefined);
    writeFileSync(path, 'old');
    await checkWritable(path);
    expectOnly('old');
    mkdirSync(join(folder, 'sub'));
    await checkWritable(join(folder, 'sub', 'x'));
    expect(readdirSync(join(folder, 'sub'))).toEqual([]);
  });
});
