// Trains LeNet-5 on MNIST on a GPU and on the CPU: the same test error, the wall time of each, and how busy the GPU was
// meanwhile, loading of data included.   node test/gpu/train.mjs DEVICE
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const device = process.argv[2] ?? 'cuda:0';
const digits = 10_000;
const folder = mkdtempSync(join(tmpdir(), 'hebb-train-'));

/** Samples what nvidia-smi says; the function it returns stops and gives the mean, in percent. */
function watchGpu() {
  const number = device.split(':')[1] ?? '0';
  const args = ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '-lms', '100', '-i', number];
  const child = spawn('nvidia-smi', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  child.on('error', () => {});
  const samples = [];
  createInterface({ input: child.stdout }).on('line', (line) => samples.push(Number(line)));
  return {
    reset: () => samples.splice(0),
    stop: () => {
      child.kill();
      return samples.length > 0 ? samples.reduce((sum, one) => sum + one, 0) / samples.length : null;
    },
  };
}

/** Trains on a device: its test error, the seconds of each epoch, and the use of the GPU from the second epoch on. */
async function train(name) {
  const gpu = name === 'cpu' ? null : watchGpu();
  const out = join(folder, `${name.replace(':', '-')}.safetensors`);
  const args = ['dist/cli/main.js', 'train', '--model', 'lenet5', '--data', 'mnist', '--device', name, '--out', out];
  const child = spawn(process.execPath, [...args, '--json'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const epochs = [];
  let use = null;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line);
    if (event.event !== 'epoch') continue;
    epochs.push(event);
    if (event.epoch === 1) gpu?.reset();
    if (event.epoch === event.epochs) use = gpu?.stop() ?? null;
  }
  gpu?.stop();
  if (epochs.length === 0) throw new Error(`training on ${name} failed`);
  const seconds = epochs.map((epoch) => epoch.seconds).sort((a, b) => a - b);
  return { name, error: epochs.at(-1).testError, epochs: epochs.length, seconds: seconds[seconds.length >> 1], use };
}

const percent = (value, places = 2) => `${(100 * value).toFixed(places)} %`;

try {
  const results = [await train(device), await train('cpu')];
  for (const { name, error, epochs, seconds, use } of results) {
    const used = use === null ? '' : `, GPU busy ${use.toFixed(0)} % of the time`;
    console.log(
      `${name}: test error ${percent(error)} after ${epochs} epochs, ${seconds.toFixed(2)} s an epoch${used}`,
    );
  }
  const [got, wanted] = results;
  // Three deviations of the difference of two shares, each of 10,000 digits.
  const bound = 3 * Math.sqrt((2 * wanted.error * (1 - wanted.error)) / digits);
  console.log(`difference ${percent(got.error - wanted.error)}, at most ${percent(bound)} by sampling`);
  console.log(`the CPU takes ${(wanted.seconds / got.seconds).toFixed(1)} times as long`);
  if (!(Math.abs(got.error - wanted.error) <= bound)) process.exitCode = 1;
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
