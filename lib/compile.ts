// compile(fn): record the commands of fn once, replay them in one native call.
import { gradEnabled } from './autograd';
import { defaultDeviceNumber } from './device';
import { HebbError } from './errors';
import { type Handle, native, type ProgramHandle } from './native';
import { Recorder, recorder, setRecorder } from './recorder';
import { collect, isPlainObject, keep, tensorsIn } from './scope';
import { alias, dtypeNumber, isTensor, type Shape, Tensor } from './tensor';

const MOST_PROGRAMS = 8;

/** What a replay leaves in a tensor's `grad`. */
interface GradientEffect {
  readonly target: Tensor;
  /** Null where the function cleared the gradient. */
  current: Tensor | null;
  /** A second handle of its memory, for when the user has disposed the first. */
  readonly anchor: Tensor | null;
}

interface Program {
  readonly handle: ProgramHandle;
  readonly device: number;
  readonly assumptions: readonly (() => boolean)[];
  readonly outputs: readonly { shape: Shape; dtype: Tensor['dtype'] }[];
  readonly effects: readonly GradientEffect[];
  /** The function's result, with outputs in place of tensors. */
  readonly rebuild: (outputs: readonly Tensor[]) => unknown;
}

/** A compiled function, and what it holds. */
export interface Compiled<A extends readonly unknown[], R> {
  (...inputs: A): R;
  /** Programs recorded so far and still kept, with their memory in bytes and the number of their commands. */
  programs(): { bytes: number; commands: number }[];
  /** Frees all programs. A later call records anew. */
  dispose(): void;
}

/** The program that ran last, and what tells whether it is the one for the next call, without a key. */
interface Latest {
  readonly program: Program;
  readonly inputs: readonly unknown[];
  readonly setting: readonly unknown[];
}

let placements = 0;

/** Called when a model's tensors have moved: recorded addresses are no longer true. */
export function invalidatePrograms(): void {
  placements++;
}

/**
 * A function that does what `fn` does, faster: the first call for given input shapes records all that `fn` enqueues,
 * and every call replays the recording in one native call.
 *
 * `fn` is synchronous. Tensors among its arguments and in its result (in arrays and plain objects too) are inputs and
 * outputs; other arguments are constants of the recording. JavaScript in `fn` runs only while recording: numbers it
 * computes are fixed, values cannot be read, and tensors it makes and does not return (nor leaves in `grad`) are gone.
 * What changes between calls is seen: parameters, buffers, an optimizer's hyper-parameters, the random generators.
 * Another shape, dtype, precision, training mode or set of gradients records anew; the last 8 programs are kept.
 */
export function compile<A extends readonly unknown[], R>(fn: (...inputs: A) => R): Compiled<A, R> {
  const programs = new Map<string, Program[]>();
  let latest: Latest | null = null;

  const drop = (program: Program): void => {
    if (latest?.program === program) latest = null;
    for (const effect of program.effects) effect.anchor?.dispose();
    native.disposeProgram(program.handle);
  };

  const call = (...inputs: A): R => {
    if (recorder()) return fn(...inputs);
    if (latest && fits(latest, inputs)) return replay(latest.program, inputs.filter(isTensor)) as R;
    const tensors = tensorsIn(inputs, isTensor);
    const key = keyOf(inputs);
    const candidates = programs.get(key) ?? [];
    let program = candidates.find((candidate) => candidate.assumptions.every((holds) => holds()));
    if (!program) {
      program = recordProgram(fn, inputs, tensors);
      candidates.push(program);
    }
    // Most recently used last, so that the first of all is the one to go.
    programs.delete(key);
    programs.set(key, [...candidates.filter((candidate) => candidate !== program), program]);
    let count = [...programs.values()].reduce((sum, list) => sum + list.length, 0);
    for (const [oldKey, list] of programs) {
      while (count > MOST_PROGRAMS && list.length > 0 && list[0] !== program) {
        drop(list.shift() as Program);
        count--;
      }
      if (list.length === 0) programs.delete(oldKey);
    }
    const seen = inputs.map((input) => (isTensor(input) ? formOf(input) : input));
    latest =
      seen.some(isPlainObject) || seen.some(Array.isArray) ? null : { program, inputs: seen, setting: setting() };
    return replay(program, tensors) as R;
  };
  return Object.assign(call, {
    programs: () =>
      [...programs.values()].flat().map(({ handle }) => ({ bytes: handle.bytes, commands: handle.commands })),
    dispose: () => {
      for (const program of [...programs.values()].flat()) drop(program);
      programs.clear();
    },
  });
}

function replay(program: Program, inputs: readonly Tensor[]): unknown {
  const handles = native.replay(
    program.handle,
    inputs.map((input) => input.handle),
  );
  const outputs = program.outputs.map(
    ({ shape, dtype }, index) => new Tensor(handles[index] as Handle, shape, dtype, program.device),
  );
  for (const effect of program.effects) {
    if (effect.anchor && effect.current?.disposed) effect.current = keep(alias(effect.anchor, effect.anchor.shape));
    effect.target.grad = effect.current;
  }
  return program.rebuild(outputs);
}

/** What a tensor has to have in common with a recording's input. */
class Form {
  constructor(
    readonly dtype: Tensor['dtype'],
    readonly shape: Shape,
    readonly device: number,
    readonly requiresGrad: boolean,
  ) {}

  fits(value: unknown): boolean {
    if (!isTensor(value) || value.dtype !== this.dtype || value.shape.length !== this.shape.length) return false;
    for (let axis = 0; axis < this.shape.length; axis++) if (value.shape[axis] !== this.shape[axis]) return false;
    return value.deviceNumber === this.device && value.requiresGrad === this.requiresGrad;
  }
}

function formOf({ dtype, shape, deviceNumber, requiresGrad }: Tensor): Form {
  return new Form(dtype, shape, deviceNumber, requiresGrad);
}

/** What beside its inputs a recording depends on. */
function setting(): unknown[] {
  return [gradEnabled(), defaultDeviceNumber(), placements, native.precision(), native.deterministic()];
}

function fits({ program, inputs, setting: before }: Latest, given: readonly unknown[]): boolean {
  if (given.length !== inputs.length) return false;
  for (let index = 0; index < inputs.length; index++) {
    const seen = inputs[index];
    if (!(seen instanceof Form ? seen.fits(given[index]) : Object.is(seen, given[index]))) return false;
  }
  return setting().every((value, index) => value === before[index]) && program.assumptions.every((holds) => holds());
}

/** All that tells one recording from another before it is made. */
function keyOf(inputs: readonly unknown[]): string {
  const describe = (value: unknown): unknown => {
    if (isTensor(value)) return [value.dtype, value.shape, value.deviceNumber, value.requiresGrad];
    if (Array.isArray(value)) return { list: value.map(describe) };
    if (isPlainObject(value)) return { object: Object.entries(value).map(([name, item]) => [name, describe(item)]) };
    if (value === null || ['number', 'string', 'boolean', 'undefined', 'bigint'].includes(typeof value)) {
      return { constant: `${typeof value} ${Object.is(value, -0) ? '-0' : String(value)}` };
    }
    throw new HebbError(
      `compile: Expected tensors, plain values, arrays and plain objects as arguments but received a ${typeof value}`,
    );
  };
  return JSON.stringify([inputs.map(describe), setting()]);
}

/** Copies a value made of arrays and plain objects, with its tensors exchanged in order. */
function exchange(value: unknown, next: (tensor: Tensor) => Tensor): unknown {
  if (isTensor(value)) return next(value);
  if (Array.isArray(value)) return value.map((item) => exchange(item, next));
  if (isPlainObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, exchange(item, next)]));
  }
  return value;
}

function recordProgram<A extends readonly unknown[]>(
  fn: (...inputs: A) => unknown,
  inputs: A,
  tensors: readonly Tensor[],
): Program {
  const device = tensors[0]?.deviceNumber ?? defaultDeviceNumber();
  const recording = new Recorder();
  native.beginRecording(device);
  setRecorder(recording);
  let collected: ReturnType<typeof collect<unknown>>;
  try {
    collected = collect(() =>
      fn(
        ...(exchange(inputs, (input) => {
          const handle = native.recordInput(dtypeNumber(input.dtype), input.shape);
          return new Tensor(handle, input.shape, input.dtype, device, input.requiresGrad);
        }) as unknown as A),
      ),
    );
  } catch (error) {
    setRecorder(null);
    native.abortRecording();
    for (const [target, before] of recording.gradients) target.grad = before;
    throw error;
  }
  setRecorder(null);
  const { result, made } = collected;
  try {
    const outputs = tensorsIn(result, isTensor);
    const gradients = [...recording.gradients.keys()].map((target) => ({ target, gradient: target.grad }));
    const kept = gradients.flatMap(({ gradient }) => (gradient ? [gradient] : []));
    const handle = native.endRecording(
      outputs.map((output) => output.handle),
      kept.map((gradient) => gradient.handle),
    );
    for (const tensor of made) if (!kept.includes(tensor)) tensor.dispose();
    return {
      handle,
      device,
      assumptions: recording.assumptions,
      outputs: outputs.map(({ shape, dtype }) => ({ shape, dtype })),
      effects: gradients.map(({ target, gradient }) => ({
        target,
        current: gradient,
        anchor: gradient ? keep(alias(gradient, gradient.shape)) : null,
      })),
      rebuild: (fresh) => {
        let next = 0;
        return exchange(result, () => fresh[next++] as Tensor);
      },
    };
  } catch (error) {
    native.abortRecording();
    for (const [target, before] of recording.gradients) target.grad = before;
    for (const tensor of made) tensor.dispose();
    throw error;
  }
}
