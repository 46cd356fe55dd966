import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { mnist } from '../../lib/data/mnist';
import { decodeSafetensors, encodeSafetensors } from '../../lib/io/codec';
import { describeOnAccelerators } from '../harness/devices';

jest.setTimeout(120_000);

const ROOT = join(__dirname, '../..');

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

let folder: string;
let data: string;

/** The first digits of each split as a folder of IDX files: small enough to train on in a blink. */
function writeDigits(dir: string, train: number, test: number): void {
  mkdirSync(dir);
  for (const [split, prefix, count] of [
    ['train', 'train', train],
    ['test', 't10k', test],
  ] as const) {
    const { images, labels } = mnist({ split });
    const header = Buffer.alloc(16);
    header.set([0, 0, 8, 3]);
    header.writeUInt32BE(count, 4);
    header.writeUInt32BE(28, 8);
    header.writeUInt32BE(28, 12);
    writeFileSync(join(dir, `${prefix}-images-idx3-ubyte`), Buffer.concat([header, images.subarray(0, count * 784)]));
    const labelHeader = Buffer.from([0, 0, 8, 1, 0, 0, count >> 8, count & 255]);
    writeFileSync(
      join(dir, `${prefix}-labels-idx1-ubyte`),
      Buffer.concat([labelHeader, Uint8Array.from(labels.subarray(0, count))]),
    );
  }
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hebb-cli-'));
  data = join(folder, 'digits');
  writeDigits(data, 640, 200);
});
afterAll(() => rmSync(folder, { recursive: true }));

function start(
  args: readonly string[],
  env: Record<string, string> = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(
    process.execPath,
    ['-r', join(ROOT, 'test/harness/typescript.cjs'), join(ROOT, 'lib/cli/main.ts'), ...args],
    {
      cwd: folder,
      env: { ...process.env, ...env },
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (text) => {
    stdout += text;
  });
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { child, ended };
}

const hebb = (...args: string[]): Promise<Ended> => start(args).ended;
const at = (name: string): string => join(folder, name);
const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const metadata = (name: string): Record<string, string> => decodeSafetensors(readFileSync(at(name)), name).metadata;
const values = (name: string): string => {
  const { tensors } = decodeSafetensors(readFileSync(at(name)), name);
  return Object.entries(tensors)
    .map(
      ([key, { data: own }]) => `${key} ${Buffer.from(own.buffer, own.byteOffset, own.byteLength).toString('base64')}`,
    )
    .sort()
    .join('\n');
};

function writePng(name: string, width: number, height: number, grey: (i: number) => number, alpha = 255): string {
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) png.data.set([grey(i), grey(i), grey(i), alpha], i * 4);
  writeFileSync(at(name), PNG.sync.write(png));
  return at(name);
}

describe('help', () => {
  test.each(['', 'train', 'eval', 'predict', 'doctor'])('%s --help', async (command) => {
    const { code, stdout, stderr } = await hebb(...(command === '' ? [] : [command]), '--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: hebb/);
    if (command !== '') expect(stdout).toContain('--json');
  });

  test('--version', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await hebb('--version')).stdout).toBe(`${version}\n`);
  });
});

describe('train, eval, predict', () => {
  const TRAIN = ['train', '--data', 'digits', '--epochs', '4', '--batch-size', '16', '--lr', '0.05'];

  test('end to end, in JSON', async () => {
    const trained = await hebb(...TRAIN, '--json', '--out', 'a.safetensors');
    expect(trained.code).toBe(0);
    const events = lines(trained.stdout);
    expect(events.map(({ event }) => event)).toEqual(['epoch', 'epoch', 'epoch', 'epoch', 'saved']);
    expect(events[0]).toMatchObject({ epoch: 1, epochs: 4, loss: expect.any(Number), testError: expect.any(Number) });
    expect(events[4]).toMatchObject({ file: 'a.safetensors', model: 'lenet5', testError: events[3]?.testError });
    expect(events[4]?.testError).toBeLessThan(0.4);
    expect(metadata('a.safetensors')).toMatchObject({
      model: 'lenet5',
      epochs: '4',
      error: String(events[3]?.testError),
      normalization: '{"mean":0.1307,"std":0.3081}',
    });

    const evaluated = await hebb('eval', '--weights', 'a.safetensors', '--data', 'digits', '--json');
    expect(evaluated.code).toBe(0);
    expect(lines(evaluated.stdout)).toEqual([
      expect.objectContaining({ event: 'eval', model: 'lenet5', error: events[3]?.testError, n: 200 }),
    ]);

    const test = mnist({ split: 'test' });
    const files = Array.from({ length: 20 }, (_, n) =>
      writePng(`d${n}.png`, 28, 28, (i) => test.images[n * 784 + i] as number),
    );
    const predicted = await hebb('predict', '--model', 'lenet5', '--weights', 'a.safetensors', '--json', ...files);
    const answers = lines(predicted.stdout);
    expect(answers.map(({ file }) => file)).toEqual(files);
    const right = answers.filter(({ digit }, n) => digit === test.labels[n]).length;
    expect(right).toBeGreaterThanOrEqual(12);
    for (const { digit, probabilities } of answers) {
      const p = probabilities as number[];
      expect(p).toHaveLength(10);
      expect(p.reduce((a, b) => a + b)).toBeCloseTo(1, 4);
      expect(Math.max(...p)).toBe(p[digit as number]);
    }

    // Black on white, and black on nothing, are the same digits once inverted.
    const inverted = writePng('inverted.png', 28, 28, (i) => 255 - (test.images[i] as number));
    const [same] = lines((await hebb('predict', '--weights', 'a.safetensors', '--invert', '--json', inverted)).stdout);
    // Alone rather than in a batch, hence rounded otherwise.
    const [one, other] = [same?.probabilities as number[], answers[0]?.probabilities as number[]];
    for (const [d, p] of one.entries()) expect(p).toBeCloseTo(other[d] as number, 5);
    const text = await hebb('predict', '--weights', 'a.safetensors', files[0] as string);
    expect(text.stdout).toMatch(new RegExp(`d0.png: ${answers[0]?.digit}\n  0: [0-9.]+ %  1: `));
  });

  test('for people: plain lines, a result an epoch, and the file', async () => {
    const { code, stdout } = await hebb(
      ...TRAIN.slice(0, 3),
      '--epochs',
      '1',
      '--limit',
      '64',
      '--out',
      'b.safetensors',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^epoch 1\/1 {2}loss \d\.\d{4} {2}test error \d+\.\d\d % .* images\/s .*\nsaved lenet5 with .* in 'b.safetensors' after .* s\n$/,
    );
  });

  test('the default seed gives the same bits, with any number of threads and without compiling', async () => {
    const short = ['train', '--data', 'digits', '--epochs', '1', '--json'];
    await Promise.all([
      hebb(...short, '--out', 't1.safetensors', '--threads', '1'),
      hebb(...short, '--out', 't2.safetensors', '--threads', '2'),
    ]);
    await hebb(...short, '--out', 't3.safetensors', '--no-compile', '--threads', '3');
    await hebb(...short, '--out', 'other.safetensors', '--seed', '2');
    expect(values('t2.safetensors')).toBe(values('t1.safetensors'));
    expect(values('t3.safetensors')).toBe(values('t1.safetensors'));
    expect(values('other.safetensors')).not.toBe(values('t1.safetensors'));
  });

  test('the multi-layer perceptron, under its default name', async () => {
    expect((await hebb('train', '--model', 'mlp', '--data', 'digits', '--epochs', '1', '--json')).code).toBe(0);
    expect(metadata('mlp.safetensors').model).toBe('mlp');
    expect((await hebb('eval', '--weights', 'mlp.safetensors', '--data', 'digits')).stdout).toMatch(/^mlp: test error/);
    const refused = await hebb('eval', '--model', 'lenet5', '--weights', 'mlp.safetensors', '--data', 'digits');
    expect(refused).toMatchObject({
      code: 2,
      stdout: '',
      stderr: "hebb: Expected weights of lenet5 in 'mlp.safetensors' but received weights of mlp\n",
    });
  });
});

describe('SIGINT', () => {
  const LONG = ['train', '--data', 'digits', '--epochs', '6', '--batch-size', '4', '--threads', '1', '--json'];

  /** Interrupts once the first epoch has ended. */
  async function interrupt(args: string[], times: number): Promise<Ended> {
    const { child, ended } = start(args);
    await new Promise<void>((resolve) => {
      child.stdout?.once('data', () => resolve());
      child.once('close', () => resolve());
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    for (let i = 0; i < times; i++) child.kill('SIGINT');
    return ended;
  }

  test('saves a checkpoint and exits with 130; going on from it ends in the bits of a whole run', async () => {
    const whole = await hebb(...LONG, '--out', 'whole.safetensors');
    expect(whole.code).toBe(0);
    const stopped = await interrupt([...LONG, '--out', 'part.safetensors'], 1);
    expect(stopped.code).toBe(130);
    const last = lines(stopped.stdout).at(-1);
    expect(last).toMatchObject({ event: 'interrupted', file: 'part.safetensors' });
    expect(metadata('part.safetensors')).toMatchObject({
      format: 'hebb-checkpoint-1',
      model: 'lenet5',
      epoch: String((last?.epoch as number) - 1),
    });
    // It is a model already.
    expect((await hebb('eval', '--weights', 'part.safetensors', '--data', 'digits')).code).toBe(0);
    const resumed = await hebb(
      'train',
      '--data',
      'digits',
      '--json',
      '--resume',
      'part.safetensors',
      '--out',
      'part.safetensors',
    );
    expect(resumed.stderr).not.toMatch(/hebb: /);
    expect(resumed.code).toBe(0);
    expect(lines(resumed.stdout)[0]?.epoch).toBe(last?.epoch);
    expect(values('part.safetensors')).toBe(values('whole.safetensors'));
  });

  test('twice: exits at once, and leaves a whole file or none', async () => {
    for (let round = 0; round < 3; round++) {
      rmSync(at('twice.safetensors'), { force: true });
      const { code } = await interrupt([...LONG, '--out', 'twice.safetensors'], 2);
      expect(code).toBe(130);
      expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      if (existsSync(at('twice.safetensors'))) expect(metadata('twice.safetensors').model).toBe('lenet5');
    }
  });
});

describe('resuming', () => {
  test('weights alone are a start, too', async () => {
    await hebb('train', '--data', 'digits', '--epochs', '1', '--out', 'w.safetensors');
    const { code, stderr } = await hebb(
      'train',
      '--data',
      'digits',
      '--epochs',
      '1',
      '--resume',
      'w.safetensors',
      '--out',
      'w2.safetensors',
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/'w.safetensors' holds weights only/);
    const wrong = await hebb(
      'train',
      '--model',
      'mlp',
      '--data',
      'digits',
      '--resume',
      'w.safetensors',
      '--out',
      'w3.safetensors',
    );
    expect(wrong).toMatchObject({
      code: 2,
      stderr: "hebb: Expected a checkpoint of mlp in 'w.safetensors' but received one of lenet5\n",
    });
    expect(existsSync(at('w3.safetensors'))).toBe(false);
  });
});

describe('doctor', () => {
  test('says what is used, and why the rest is not', async () => {
    const { code, stdout } = await start(['doctor'], { HEBB_CUDA_PLUGIN: '0' }).ended;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^hebb runs on cpu\n/);
    expect(stdout).toMatch(/\ninstruction set: \w+\n/);
    expect(stdout).toMatch(/\nGPU: not used: HEBB_CUDA_PLUGIN turns it off; unset HEBB_CUDA_PLUGIN\n/);
  });

  test('names a plugin that cannot be opened, and what to do', async () => {
    const { stdout } = await start(['doctor'], { HEBB_CUDA_PLUGIN: at('none.so') }).ended;
    expect(stdout).toMatch(/\nGPU: not used: openPlugin: could not load the plugin: .*; set HEBB_CUDA_PLUGIN to .*\n/);
    expect(stdout).toContain(`\n  plugin: ${at('none.so')}\n`);
  });

  test('in JSON', async () => {
    const [found] = lines((await start(['doctor', '--json'], { HEBB_CPU: 'scalar' }).ended).stdout);
    expect(found).toMatchObject({ event: 'doctor', ok: true, isa: 'scalar', devices: expect.arrayContaining(['cpu']) });
    const unused = found?.unused as { name: string; reason: string; remedy: string }[];
    expect(unused.map(({ name }) => name)).toEqual(expect.arrayContaining(['avx2', 'avx512', 'neon']));
    for (const { reason } of unused) expect(reason).not.toBe('');
    const { gpu } = found as { gpu: { devices: string[]; reason: string } };
    expect(gpu.devices.length > 0).toBe(gpu.reason === '');
  });
});

describeOnAccelerators(1, 'on an accelerator', ([device]) => {
  test('doctor says what there is', async () => {
    const { stdout } = await hebb('doctor');
    expect(stdout).toMatch(new RegExp(`^hebb runs on cpu, ${device}`));
    expect(stdout).toMatch(new RegExp(`\nGPU: used: ${device}.*\n  plugin: /.*\n(  .*\n)*  ${device}: .+\n`));
    const [found] = lines((await hebb('doctor', '--json')).stdout);
    expect(found).toMatchObject({
      gpu: { facts: expect.arrayContaining([expect.objectContaining({ item: device })]) },
    });
  });

  test('train, eval and predict', async () => {
    const there = ['--device', device as string];
    const short = ['--data', 'digits', '--epochs', '2', '--limit', '320', '--batch-size', '16', '--lr', '0.05'];
    const trained = await hebb('train', ...short, '--json', '--out', 'g.safetensors', ...there);
    expect([trained.code, trained.stderr]).toEqual([0, expect.stringContaining('training lenet5')]);
    const testError = lines(trained.stdout).at(-1)?.testError as number;
    expect(testError).toBeLessThan(0.8);
    const evaluated = await hebb('eval', '--weights', 'g.safetensors', '--data', 'digits', '--json', ...there);
    expect(lines(evaluated.stdout)).toEqual([expect.objectContaining({ error: testError })]);
    const file = writePng('g.png', 28, 28, (i) => i % 255);
    const answers = [there, []].map(async (flags) => {
      const [answer] = lines((await hebb('predict', '--weights', 'g.safetensors', '--json', file, ...flags)).stdout);
      return answer?.probabilities as number[];
    });
    const [got, want] = (await Promise.all(answers)) as [number[], number[]];
    for (const [digit, probability] of got.entries()) expect(probability).toBeCloseTo(want[digit] as number, 4);
  });
});

describe('bad input: one line on stderr, exit code 2, nothing written', () => {
  beforeAll(() => {
    writeFileSync(at('text.png'), 'no picture');
    writeFileSync(at('text.safetensors'), 'no weights, but long enough to have a header');
    writePng('small.png', 27, 28, () => 0);
    writePng('good.png', 28, 28, () => 0);
    writeFileSync(
      at('foreign.safetensors'),
      Buffer.concat(encodeSafetensors({ w: { shape: [1], data: Float32Array.of(1) } }, { model: 'lenet5' })),
    );
    for (const [name, damage] of [
      ['cut', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1)],
      ['magic', (bytes: Buffer) => Buffer.concat([Buffer.from([1]), bytes.subarray(1)])],
    ] as const) {
      writeDigits(at(name), 10, 10);
      const file = join(at(name), 'train-images-idx3-ubyte');
      writeFileSync(file, damage(readFileSync(file)));
    }
    mkdirSync(at('empty'));
    writeFileSync(
      at('future.safetensors'),
      Buffer.concat(encodeSafetensors({}, { format: 'hebb-checkpoint-1', model: 'lenet5', epoch: 'soon', batch: '0' })),
    );
  });

  const cases: [string, string[], RegExp][] = [
    ['no command', [], /Expected a command/],
    ['an unknown command', ['fly'], /unknown command 'fly'/],
    ['an unknown flag', ['train', '--turbo'], /unknown option '--turbo'/],
    ['a flag without its value', ['train', '--epochs'], /--epochs <n>' argument missing/],
    ['a surplus argument', ['train', 'now'], /too many arguments/],
    ['epochs of text', ['train', '--epochs', 'many'], /'--epochs <n>' argument 'many' is invalid/],
    ['no epochs', ['train', '--epochs', '0'], /at least 1/],
    ['half an epoch', ['train', '--epochs', '0.5'], /whole number/],
    ['a batch size of 0', ['train', '--batch-size', '0'], /from 1 to 65536/],
    ['a learning rate of 0', ['train', '--lr', '0'], /above 0/],
    ['an infinite learning rate', ['train', '--lr', 'Infinity'], /above 0/],
    ['a momentum below 0', ['train', '--momentum=-1'], /at least 0/],
    ['a seed below 0', ['train', '--seed=-1'], /at least 0/],
    ['no threads', ['train', '--threads', '0'], /from 1 to 1024/],
    ['an unknown device', ['train', '--device', 'tpu'], /Expected a device \(cpu.*\) but received 'tpu'/],
    [
      'a GPU that is not there',
      ['eval', '--weights', 'x', '--device', 'cuda:99'],
      /but received 'cuda:99'; no such GPU is used: /,
    ],
    ['an unknown network', ['train', '--model', 'alexnet'], /lenet5 or mlp for the model but received 'alexnet'/],
    [
      'a data folder that is not there',
      ['train', '--data', 'absent'],
      /train-images-idx3-ubyte' \(or .gz\) in 'absent' but there is none/,
    ],
    ['an empty data folder', ['train', '--data', 'empty'], /but there is none/],
    ['cut images', ['train', '--data', 'cut'], /'.*cut\/train-images-idx3-ubyte' but received .* truncated/],
    ['a wrong magic', ['train', '--data', 'magic'], /two zero bytes, in '.*magic\/train-images-idx3-ubyte'/],
    [
      'an output folder that is not there',
      ['train', '--data', 'digits', '--out', 'absent/x'],
      /Cannot write 'absent\/x'/,
    ],
    ['an output that is a folder', ['train', '--data', 'digits', '--out', 'empty'], /file to write for 'empty'/],
    ['a file to resume that is not there', ['train', '--resume', 'absent'], /Cannot read 'absent'/],
    ['a file to resume that is none', ['train', '--resume', 'text.safetensors'], /'text.safetensors'/],
    [
      'a file to resume with strange metadata',
      ['train', '--resume', 'future.safetensors'],
      /metadata epoch in 'future.safetensors'/,
    ],
    [
      'a file to resume that does not fit',
      ['train', '--data', 'digits', '--resume', 'foreign.safetensors'],
      /'foreign.safetensors' does not fit/,
    ],
    ['eval without weights', ['eval'], /'--weights <file>' not specified/],
    ['eval of a missing file', ['eval', '--weights', 'absent'], /Cannot read 'absent': no such file/],
    ['eval of text', ['eval', '--weights', 'text.safetensors'], /'text.safetensors'/],
    [
      'eval of other weights',
      ['eval', '--weights', 'foreign.safetensors'],
      /'foreign.safetensors' does not fit: .*missing/,
    ],
    ['predict without files', ['predict', '--weights', 'x'], /missing required argument 'file.png'/],
    ['predict on a missing picture', ['predict', '--weights', 'x', 'absent.png'], /Cannot read 'absent.png'/],
    [
      'predict on a picture of another size',
      ['predict', '--weights', 'x', 'good.png', 'small.png'],
      /28x28 pixels in 'small.png' but received 27x28/,
    ],
    ['predict on what is no picture', ['predict', '--weights', 'x', 'text.png'], /PNG image in 'text.png'/],
    ['predict with missing weights', ['predict', '--weights', 'absent', 'good.png'], /Cannot read 'absent'/],
    ['doctor with a patient', ['doctor', 'me'], /too many arguments/],
  ];
  test.each(cases)('%s', async (_, args, message) => {
    const before = readdirSync(folder);
    const { code, stdout, stderr } = await hebb(...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^(training .*\n|'.*' holds weights only.*\n)?hebb: [^\n]*\n$/);
    expect([code, stdout]).toEqual([2, '']);
    expect(readdirSync(folder)).toEqual(before);
  });
});
