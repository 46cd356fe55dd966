// A short main job: one epoch of LeNet-5 on the 60,000 digits, then its error on the 10,000 test digits, and one of
// those digits named from a PNG file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { output, root, run } from './run.mjs';

const require = createRequire(import.meta.url);
const { PNG } = require('pngjs');
const { data } = require(root);

const maxError = 0.025; // as a fraction of the test digits; all eight epochs end under 0.01
const side = 28;
const hebb = (...args) => JSON.parse(output(process.execPath, ['dist/cli/main.js', ...args, '--json']).trim());

function check(fact, condition, detail) {
  if (!condition) throw new Error(`expected ${fact} but received ${detail}`);
  console.log(`ok: ${fact} (${detail})`);
}

const folder = mkdtempSync(join(tmpdir(), 'hebb-mnist-'));
try {
  const weights = join(folder, 'lenet5.safetensors');
  run('npm', ['run', 'mnist', '--', '--epochs', '1', '--out', weights]);

  const { error } = hebb('eval', '--weights', weights);
  check(`a test error of at most ${maxError}`, error <= maxError, error);

  const test = data.mnist({ split: 'test' });
  const digit = new PNG({ width: side, height: side });
  const label = test.labels[0];
  for (const [pixel, value] of test.images.subarray(0, side * side).entries())
    digit.data.set([value, value, value, 255], 4 * pixel);
  const file = join(folder, 'digit.png');
  writeFileSync(file, PNG.sync.write(digit));
  const { digit: named } = hebb('predict', '--weights', weights, file);
  check(`the first test digit to be named ${label}`, named === label, named);
} finally {
  rmSync(folder, { recursive: true });
}
