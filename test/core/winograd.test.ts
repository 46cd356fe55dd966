// The switch of Winograd's convolution: what it does to the bits tells which way a convolution went.
import { compile, getWinograd, ops, setWinograd, type Tensor, tensor } from '../../lib';
import { floats } from '../harness/values';

const before = getWinograd();
afterEach(() => setWinograd(before));

// Just inside the gate.
const x = tensor(floats(20 * 20 * 32, 1), [1, 20, 20, 32]);
const weight = tensor(floats(32 * 9 * 32, 2), [32, 3, 3, 32]);
const convolve = (image: Tensor) => ops.conv2d(image, weight, null, { padding: 1 });

function computed(on: boolean) {
  setWinograd(on);
  return convolve(x).dataSync();
}

test('on and off give other bits', () => {
  expect(computed(true)).not.toEqual(computed(false));
});

test('work called before a switch is not affected by it', () => {
  const on = computed(true);
  const off = computed(false);
  const results = [true, false, true, false].map((value) => {
    setWinograd(value);
    return convolve(x);
  });
  expect(results.map((y) => y.dataSync())).toEqual([on, off, on, off]);
});

test('replays follow the switch', () => {
  const compiled = compile(convolve);
  const on = computed(true);
  expect(compiled(x).dataSync()).toEqual(on);
  const off = computed(false);
  expect(compiled(x).dataSync()).toEqual(off);
});

test('it is not switched in a compiled function, nor by what is no boolean', () => {
  const compiled = compile((image: Tensor) => {
    setWinograd(false);
    return convolve(image);
  });
  expect(() => compiled(x)).toThrow('setWinograd');
  expect(() => setWinograd(1 as unknown as boolean)).toThrow('expected a boolean');
});
