// The tensor: a native handle, its shape and type, and its place in the graph of gradients.
import { type GradientNode, runBackward } from './autograd';
import { defaultDeviceNumber, deviceName, deviceNumber } from './device';
import { HebbError } from './errors';
import { callKernel, type Handle, native, type TypedArray } from './native';
import { recorder } from './recorder';
import { enterScope } from './scope';

export type DType = 'float32' | 'int32' | 'uint8';
/** Extents, outermost first; images are [batch, height, width, channels]. */
export type Shape = readonly number[];

const dtypes: readonly DType[] = ['float32', 'int32', 'uint8'];

export function dtypeNumber(dtype: DType): number {
  const number = dtypes.indexOf(dtype);
  if (number < 0) throw new HebbError(`Expected a dtype (${dtypes.join(', ')}) but received '${String(dtype)}'`);
  return number;
}

/**
 * A dense, row-major array of numbers on a device. Operations only enqueue work; `await tensor.data()` waits for it.
 * Its memory is freed by `dispose()`, `using`, `tidy`, the tape, or at last by the garbage collector.
 */
export class Tensor {
  readonly size: number;
  /** Whether gradients of this tensor are wanted. */
  requiresGrad: boolean;
  /** How it was computed; null for leaves, and once backward has used it. */
  node: GradientNode | null = null;
  /** True when nobody but the graph can see it: backward frees it as soon as it has been used. */
  ownedByGraph = false;
  /** True when another tensor shares its memory (reshape). */
  shared = false;
  #handle: Handle;
  #deviceNumber: number;
  #grad: Tensor | null = null;
  #disposed = false;

  /** Use `tensor()`, `zeros()` … instead. */
  constructor(
    handle: Handle,
    readonly shape: Shape,
    readonly dtype: DType,
    deviceNumber: number,
    requiresGrad = false,
  ) {
    this.#handle = handle;
    this.#deviceNumber = deviceNumber;
    this.size = shape.reduce((product, extent) => product * extent, 1);
    this.requiresGrad = requiresGrad;
    enterScope(this);
  }

  get handle(): Handle {
    return this.#handle;
  }

  get deviceNumber(): number {
    return this.#deviceNumber;
  }

  /** `'cpu'`, `'cuda:0'` … */
  get device(): string {
    return deviceName(this.#deviceNumber);
  }

  /** The gradient that `backward()` left here, or null. */
  get grad(): Tensor | null {
    const recording = recorder();
    if (recording && !recording.gradients.has(this)) {
      const expected = this.#grad;
      recording.assume(() => this.#grad === expected && !expected?.disposed);
    }
    return this.#grad;
  }

  set grad(value: Tensor | null) {
    const recording = recorder();
    if (recording && !recording.gradients.has(this)) recording.gradients.set(this, this.#grad);
    this.#grad = value;
  }

  /** Forgets the gradient and frees it, whatever it was: unlike reading `grad`, this assumes nothing while recording. */
  clearGrad(): void {
    const before = this.#grad;
    this.grad = null;
    before?.dispose();
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The values. Waits for the device without blocking the event loop; rejects if the work failed. */
  data(): Promise<TypedArray> {
    try {
      return native.read(this.handle);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The values; blocks this thread, and so the event loop, until they are computed. */
  dataSync(): TypedArray {
    return native.readSync(this.handle);
  }

  /** The value of a tensor of one element. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new HebbError(`Expected a tensor of one element for item() but received shape [${this.shape}]`);
    return (await this.data())[0] as number;
  }

  /**
   * Gradients of this tensor with respect to every leaf with `requiresGrad` are added to the leaves' `grad`, and the
   * graph behind it is freed. Without `gradient` (of this shape) it must have one element.
   */
  backward(gradient?: Tensor): void {
    if (!gradient && this.size !== 1) {
      throw new HebbError(
        `Expected a tensor of one element for backward() but received shape [${this.shape}]; give it a gradient`,
      );
    }
    if (gradient && String(gradient.shape) !== String(this.shape)) {
      throw new HebbError(
        `Expected a gradient of shape [${this.shape}] for backward() but received [${gradient.shape}]`,
      );
    }
    runBackward(this, gradient ?? filled(this.shape, 1, 'float32', this.deviceNumber), gradient === undefined);
  }

  /** The same values, outside the graph of gradients. */
  detach(): Tensor {
    return alias(this, this.shape);
  }

  /**
   * Moves this very tensor, with its gradient, to another device without waiting: whoever holds it finds it there. For
   * what owns tensors, as modules and optimizers do; `to` makes a copy.
   */
  moveTo(device: number): void {
    if (device === this.#deviceNumber) return;
    const before = this.#handle;
    const after = native.transfer(before, device);
    try {
      if (!this.#grad?.disposed) this.#grad?.moveTo(device);
    } catch (error) {
      native.dispose(after);
      throw error;
    }
    this.#handle = after;
    this.#deviceNumber = device;
    this.shared = false;
    native.dispose(before);
  }

  /** Gives the memory back. A second time does nothing. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    native.dispose(this.handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `Tensor(${this.dtype}[${this.shape.join(', ')}] on ${this.device}${this.disposed ? ', disposed' : ''})`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

export function isTensor(value: unknown): value is Tensor {
  return value instanceof Tensor;
}

/** A tensor of undefined values: for a kernel's output. */
export function empty(shape: Shape, dtype: DType = 'float32', device: number = defaultDeviceNumber()): Tensor {
  return new Tensor(native.allocate(device, dtypeNumber(dtype), shape), shape, dtype, device);
}

export function emptyLike(tensor: Tensor): Tensor {
  return empty(tensor.shape, tensor.dtype, tensor.deviceNumber);
}

export function filled(shape: Shape, value: number, dtype: DType, device: number): Tensor {
  const tensor = empty(shape, dtype, device);
  callKernel('fill', tensor.handle, value);
  return tensor;
}

/** A second tensor over the same memory, outside the graph of gradients. */
export function alias(tensor: Tensor, shape: Shape): Tensor {
  const result = new Tensor(native.reshape(tensor.handle, shape), shape, tensor.dtype, tensor.deviceNumber);
  tensor.shared = true;
  result.shared = true;
  return result;
}

/** A copy on a device, outside the graph of gradients; nothing waits for it. */
export function transferred(tensor: Tensor, device: number): Tensor {
  return new Tensor(native.transfer(tensor.handle, device), tensor.shape, tensor.dtype, device);
}

/** Overwrites elements of a tensor, from element `offset` on, in stream order. */
export function copyInto(target: Tensor, values: TypedArray, offset = 0): void {
  native.write(target.handle, values, offset);
}

export interface TensorOptions {
  /** Default: float32. */
  dtype?: DType;
  /** Default: the default device. */
  device?: string;
  /** Default: false. */
  requiresGrad?: boolean;
}

export function resolveDevice(options: TensorOptions | undefined): number {
  return options?.device === undefined ? defaultDeviceNumber() : deviceNumber(options.device);
}
