import { noGrad } from '../autograd';
import { uploadBytes } from '../data/loader';
import { InputError } from '../errors';
import { readPng, toGreyscale } from '../io';
import { softmax } from '../ops/softmax';
import { tidy } from '../tidy';
import { useDevice } from './device';
import type { Output } from './output';
import { loadTrained } from './weights';

export interface PredictFlags {
  model?: string;
  weights: string;
  device?: string;
  invert: boolean;
}

const SIDE = 28;
const PIXELS = SIDE * SIDE;

/** Names the digit in each PNG file. Gives the process's exit code. */
export async function predict(files: readonly string[], flags: PredictFlags, out: Output): Promise<number> {
  useDevice(flags.device);
  // All files are read before the first answer: a bad one leaves no half of an output.
  const pixels = new Uint8Array(files.length * PIXELS);
  for (const [i, file] of files.entries()) pixels.set(readDigit(file, flags.invert), i * PIXELS);
  const { model, normalization } = await loadTrained(flags.weights, flags.model);
  const probabilities = tidy(() =>
    noGrad(() => softmax(model.forward(uploadBytes(pixels, [files.length, SIDE, SIDE, 1], normalization)), 1)),
  );
  const values = await probabilities.data();
  const classes = values.length / files.length;
  for (const [i, file] of files.entries()) {
    const row = Array.from(values.subarray(i * classes, (i + 1) * classes));
    const digit = row.indexOf(Math.max(...row));
    const shown = row.map((p, d) => `${d}: ${(p * 100).toFixed(2)} %`).join('  ');
    out.result(`${file}: ${digit}\n  ${shown}`, { event: 'predict', file, digit, probabilities: row });
  }
  return 0;
}

/** One byte a pixel, white on black as MNIST's digits are. */
function readDigit(file: string, invert: boolean): Uint8Array {
  const image = readPng(file);
  if (image.width !== SIDE || image.height !== SIDE) {
    throw new InputError(
      `Expected an image of ${SIDE}x${SIDE} pixels in '${file}' but received ${image.width}x${image.height}`,
    );
  }
  // What is transparent is paper: black for white ink, and white where the image is to be inverted.
  const grey = toGreyscale(image, invert ? 255 : 0);
  return invert ? grey.map((value) => 255 - value) : grey;
}
