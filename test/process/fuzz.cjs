// fuzz.cjs CALLS SEED [PLUGIN]: wrong calls at the native boundary, on the CPU or on a plugin's first device. Each must
// throw an Error that names the op; none may crash.
const { join } = require('node:path');
const addon = require('node-gyp-build')(join(__dirname, '../..'));

const plugin = process.argv[4];
if (plugin) addon.openPlugin(plugin);
const device = plugin ? addon.devices().findIndex(({ name }) => !name.startsWith('cpu')) : 0;
const limits = addon.devices().map((_, number) => addon.memory(number).limit);

let state = Number(process.argv[3]) >>> 0;
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const pick = (list) => list[random(list.length)];

const live = (dtype, shape) => addon.allocate(device, dtype, shape);
const disposed = live(0, [2, 3]);
addon.dispose(disposed);
const detached = new Float32Array(6);
structuredClone(detached, { transfer: [detached.buffer] });
const proxy = new Proxy(
  {},
  {
    get: () => {
      throw new Error('trap');
    },
    getOwnPropertyDescriptor: () => {
      throw new Error('trap');
    },
  },
);
const throwingArray = [1, 2];
Object.defineProperty(throwingArray, 0, {
  get: () => {
    throw new Error('getter');
  },
});

const shapes = [
  [],
  [0],
  [1],
  [3],
  [2, 3],
  [3, 2],
  [0, 4],
  [2, 3, 4],
  [1, 5, 5, 2],
  [2, 4, 4, 3],
  [3, 3, 3, 2],
  [1, 1, 1, 1, 1, 1, 1, 2],
];
const tensors = shapes.flatMap((shape) => [0, 1, 2].map((dtype) => live(dtype, shape)));
for (const tensor of tensors) {
  const { dtype, shape } = addon.inspect(tensor);
  const size = shape.reduce((a, b) => a * b, 1);
  addon.write(tensor, new [Float32Array, Int32Array, Uint8Array][dtype](size).fill(1), 0);
}
const integers = [
  0,
  1,
  2,
  3,
  -1,
  7,
  2 ** 31,
  -(2 ** 31),
  2 ** 53 - 1,
  -(2 ** 53 - 1),
  2 ** 62,
  1.5,
  NaN,
  Infinity,
  -Infinity,
];
const wrong = [
  undefined,
  null,
  'text',
  Symbol('s'),
  10n,
  {},
  () => 1,
  disposed,
  detached,
  new Float32Array(6),
  new Float64Array(2),
  new ArrayBuffer(8),
  new SharedArrayBuffer(16),
  Buffer.alloc(3),
  proxy,
  throwingArray,
  new Date(),
  addon,
  [[]],
  ['a'],
  [disposed],
  Array.from({ length: 9 }, () => 1),
  new Array(10),
  Object.create(null),
];
const arrays = () => Array.from({ length: random(10) }, () => pick(integers));

function value() {
  switch (random(6)) {
    case 0:
      return pick(integers);
    case 1:
      return pick(wrong);
    case 2:
      return arrays();
    case 3:
      return Array.from({ length: random(4) }, () => pick(tensors));
    case 4:
      return random(2) === 0;
    default:
      return pick(tensors);
  }
}

const names = [
  'allocate',
  'create',
  'write',
  'transfer',
  'reshape',
  'dispose',
  'read',
  'readSync',
  'mark',
  'inspect',
  'recordInput',
  'endRecording',
  'resumeRecording',
  'replay',
  'disposeProgram',
  'memory',
  'openPlugin',
  'setDeterministic',
  'setMemoryLimit',
  'setPrecision',
  'setThreads',
  'setWinograd',
];
const functions = [...Object.entries(addon.kernels), ...names.map((name) => [name, addon[name]])];
const counts = { calls: 0, errors: 0, accepted: 0, deep: 0 };
const problems = [];

// A value of the kind that an error asked for, so that later calls get past the binder to the checks of shapes.
function mended(message) {
  const dtype = /a tensor of (float32|int32|uint8)/.exec(message)?.[1];
  if (dtype)
    return pick(
      tensors.filter((tensor) => addon.inspect(tensor).dtype === ['float32', 'int32', 'uint8'].indexOf(dtype)),
    );
  if (/expected a tensor/.test(message)) return pick(tensors);
  if (/expected an? (integer|number)/.test(message)) return pick(integers);
  if (/expected a boolean/.test(message)) return random(2) === 0;
  const count = /expected (\d+) integers/.exec(message)?.[1];
  if (count) return Array.from({ length: Number(count) }, () => pick([0, 1, 1, 1, 2, 3, -1, 2 ** 40]));
  if (/expected (an array|at most)/.test(message)) return random(2) ? arrays() : [pick(tensors)];
  return value();
}

async function attempt(name, call, list) {
  counts.calls++;
  try {
    const result = call(...list);
    counts.accepted++;
    if (result instanceof Promise) await result.catch(() => {});
    return '';
  } catch (error) {
    counts.errors++;
    // A read also reports what failed when earlier calls ran; that names the op of those.
    const op = error instanceof Error ? error.message.split(': ')[0] : '';
    if (op !== name && !(name.startsWith('read') && op in addon.kernels)) {
      problems.push(`${name}: ${error}`);
      return '';
    }
    return error.message;
  }
}

async function main(calls) {
  const threads = addon.threads();
  while (counts.errors < calls) {
    const [name, call] = pick(functions);
    const list = Array.from({ length: random(8) }, value);
    const parameters = new Map(); // argument names in the order in which errors spoke of them
    for (let round = 0; round < 12; round++) {
      if (name === 'dispose' && tensors.includes(list[0])) break; // the pool stays
      const message = await attempt(name, call, list);
      if (message === '') break;
      const arity = /: expected (\d+) arguments/.exec(message)?.[1];
      if (arity) {
        list.length = Math.min(list.length, Number(arity));
        while (list.length < Number(arity)) list.push(pick(tensors));
        continue;
      }
      // The binder reads arguments in order: the next name it complains of stands further right.
      const argument = message.slice(name.length + 2).split(':')[0];
      if (!parameters.has(argument)) parameters.set(argument, nextPlace(list, parameters, message));
      list[parameters.get(argument)] = mended(message);
      if (round > 5) counts.deep++;
    }
    if (name === 'setThreads') addon.setThreads(threads);
    if (name === 'setWinograd') addon.setWinograd(true);
    if (name === 'setMemoryLimit') for (const [number, limit] of limits.entries()) addon.setMemoryLimit(number, limit);
    if (counts.calls % 500 < 12) await addon.mark(device, false);
  }
  try {
    await addon.mark(device, true);
  } catch (error) {
    // A call that was accepted may have failed when it ran (a label out of range): that is an error too, not a crash.
    if (!(error instanceof Error)) problems.push(String(error));
  }
  console.log(JSON.stringify({ ...counts, problems: problems.slice(0, 10) }));
}

// The first place, right of those known, whose value does not look like what was asked for.
function nextPlace(list, parameters, message) {
  const from = Math.max(-1, ...parameters.values()) + 1;
  for (let place = from; place < list.length; place++) {
    const isTensor = tensors.includes(list[place]);
    if (/expected a tensor/.test(message) ? !isTensor || message.includes('tensor of') : isTensor || place === from)
      return place;
  }
  return random(Math.max(1, list.length));
}

main(Number(process.argv[2]));
