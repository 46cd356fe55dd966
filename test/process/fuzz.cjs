// fuzz.cjs CALLS SEED: wrong calls at the native boundary. Each must throw an Error that names the op; none may crash.
const { join } = require('node:path');
const addon = require('node-gyp-build')(join(__dirname, '../..'));

let state = Number(process.argv[3]) >>> 0;
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
};
const pick = (list) => list[random(list.length)];

const live = (dtype, shape) => addon.allocate(0, dtype, shape);
const disposed = live(0, [2, 3]);
addon.dispose(disposed);
const detached = new Float32Array(6);
structuredClone(detached, { transfer: [detached.buffer] });
const proxy = new Proxy({}, { get: () => { throw new Error('trap'); }, getOwnPropertyDescriptor: () => { throw new Error('trap'); } });
const throwingArray = [1, 2];
Object.defineProperty(throwingArray, 0, { get: () => { throw new Error('getter'); } });

const shapes = [[], [0], [1], [3], [2, 3], [3, 2], [0, 4], [2, 3, 4], [1, 5, 5, 2], [2, 4, 4, 3], [3, 3, 3, 2], [1, 1, 1, 1, 1, 1, 1, 2]];
const tensors = shapes.flatMap((shape) => [0, 1, 2].map((dtype) => live(dtype, shape)));
for (const tensor of tensors) {
  const { dtype, shape } = addon.inspect(tensor);
  const size = shape.reduce((a, b) => a * b, 1);
  addon.write(tensor, new [Float32Array, Int32Array, Uint8Array][dtype](size).fill(1), 0);
}
const integers = [0, 1, 2, 3, -1, 7, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 62, 1.5, NaN, Infinity, -Infinity];
const wrong = [undefined, null, 'text', Symbol('s'), 10n, {}, () => 1, disposed, detached, new Float32Array(6), new Float64Array(2), new ArrayBuffer(8),
  new SharedArrayBuffer(16), Buffer.alloc(3), proxy, throwingArray, new Date(), addon, [[]], ['a'], [disposed], Array.from({ length: 9 }, () => 1), new Array(10), Object.create(null)];
const arrays = () => Array.from({ length: random(10) }, () => pick(integers));

function value() {
  switch (random(6)) {
    case 0: return pick(integers);
    case 1: return pick(wrong);
    case 2: return arrays();
    case 3: return Array.from({ length: random(4) }, () => pick(tensors));
    case 4: return random(2) === 0;
    default: return pick(tensors);
  }
}

const functions = [
  ...Object.entries(addon.kernels),
  ...['allocate', 'create', 'write', 'reshape', 'dispose', 'read', 'readSync', 'mark', 'inspect', 'recordInput', 'endRecording', 'resumeRecording', 'replay', 'disposeProgram', 'memory', 'setThreads'].map((name) => [name, addon[name]]),
];
const counts = { calls: 0, errors: 0, accepted: 0 };
const problems = [];

async function main(calls) {
  const threads = addon.threads();
  while (counts.errors < calls) {
    const [name, call] = pick(functions);
    // Never dispose of the pool, and keep the number of threads sane.
    const list = Array.from({ length: random(8) }, value);
    if (name === 'dispose' && tensors.includes(list[0])) continue;
    counts.calls++;
    try {
      const result = call(...list);
      counts.accepted++;
      if (result instanceof Promise) await result.catch(() => {});
      if (name === 'setThreads') addon.setThreads(threads);
    } catch (error) {
      counts.errors++;
      if (!(error instanceof Error) || !error.message.startsWith(`${name}: `)) problems.push(`${name}: ${error}`);
    }
    if (counts.calls % 500 === 0) await addon.mark(0, false);
  }
  try {
    await addon.mark(0, true);
  } catch (error) {
    // A call that was accepted may have failed when it ran (a label out of range): that is an error too, not a crash.
    if (!(error instanceof Error)) problems.push(String(error));
  }
  console.log(JSON.stringify({ ...counts, problems: problems.slice(0, 10) }));
}

main(Number(process.argv[2]));
