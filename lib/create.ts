// Making tensors.
import { HebbError } from './errors';
import { native, type TypedArray } from './native';
import { type DType, dtypeNumber, filled, resolveDevice, type Shape, Tensor, type TensorOptions } from './tensor';

/** Numbers nested as deep as the tensor has dimensions. */
export type Nested = number | readonly Nested[];

const arrays = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array } as const;

// By tag, since a typed array may come from another realm (a vm context).
const dtypes: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Int32Array: 'int32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
};

function dtypeOf(values: TypedArray): DType {
  const dtype = dtypes[values[Symbol.toStringTag]];
  if (!dtype)
    throw new HebbError(
      `tensor: Expected a Float32Array, Int32Array or Uint8Array but received a ${values[Symbol.toStringTag]}`,
    );
  return dtype;
}

function isTypedArray(values: unknown): values is TypedArray {
  return ArrayBuffer.isView(values) && !(values instanceof DataView);
}

function shapeOf(values: Nested): number[] {
  const shape: number[] = [];
  for (let level: Nested = values; Array.isArray(level); level = level[0] as Nested) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  return shape;
}

function flatten(values: Nested, shape: readonly number[], depth: number, into: number[]): void {
  const extent = shape[depth];
  if (Array.isArray(values)) {
    if (values.length !== extent) {
      throw new HebbError(
        `tensor: Expected ${extent === undefined ? 'a number' : `${extent} items`} at depth ${depth} but received ${values.length} items`,
      );
    }
    for (const item of values) flatten(item, shape, depth + 1, into);
  } else {
    if (typeof values !== 'number' || extent !== undefined) {
      throw new HebbError(
        `tensor: Expected ${extent === undefined ? 'a number' : 'an array'} at depth ${depth} but received ${typeof values}`,
      );
    }
    into.push(values);
  }
}

/** The values in one row, and the shape they came in. */
function flatValues(values: TypedArray | Nested, dtype: DType | undefined): { flat: TypedArray; nesting: Shape } {
  if (isTypedArray(values)) {
    if (dtype !== undefined && dtype !== dtypeOf(values)) {
      throw new HebbError(`tensor: Expected ${dtype} values but received a ${values[Symbol.toStringTag]}`);
    }
    return { flat: values, nesting: [values.length] };
  }
  const nesting = shapeOf(values);
  const numbers: number[] = [];
  flatten(values, nesting, 0, numbers);
  const { [dtype ?? 'float32']: TypedValues } = arrays;
  if (!TypedValues) dtypeNumber(dtype as DType); // says which there are
  return { flat: TypedValues.from(numbers), nesting };
}

/**
 * A tensor of a copy of `values`: a typed array (float32, int32 or uint8 decides the dtype), a number, or numbers in
 * nested arrays (float32 unless `dtype` says otherwise). `shape` defaults to the nesting, or to one dimension, and may
 * be left out before the options.
 */
export function tensor(values: TypedArray | Nested, shape?: Shape, options?: TensorOptions): Tensor;
export function tensor(values: TypedArray | Nested, options?: TensorOptions): Tensor;
export function tensor(
  values: TypedArray | Nested,
  shapeOrOptions?: Shape | TensorOptions,
  maybeOptions?: TensorOptions,
): Tensor {
  const shape = Array.isArray(shapeOrOptions) ? (shapeOrOptions as Shape) : undefined;
  const options = maybeOptions ?? (shape ? {} : ((shapeOrOptions ?? {}) as TensorOptions));
  const { flat, nesting } = flatValues(values, options.dtype);
  const extents = [...(shape ?? nesting)];
  const dtype = dtypeOf(flat);
  const device = resolveDevice(options);
  const handle = native.create(device, dtypeNumber(dtype), extents, flat);
  return new Tensor(handle, extents, dtype, device, options.requiresGrad);
}

/** Every element `value`. */
export function full(shape: Shape, value: number, options: TensorOptions = {}): Tensor {
  const result = filled([...shape], value, options.dtype ?? 'float32', resolveDevice(options));
  result.requiresGrad = options.requiresGrad ?? false;
  return result;
}

/** Zeros. */
export function zeros(shape: Shape, options?: TensorOptions): Tensor {
  return full(shape, 0, options);
}

/** Ones. */
export function ones(shape: Shape, options?: TensorOptions): Tensor {
  return full(shape, 1, options);
}

/** start, start + step, … below stop (above it for a negative step). With one number: 0 … stop - 1. float32 by default. */
export function arange(start: number, stop?: number, step = 1, options: TensorOptions = {}): Tensor {
  const [first, last] = stop === undefined ? [0, start] : [start, stop];
  const count = Math.max(0, Math.ceil((last - first) / step));
  if (!Number.isFinite(count))
    throw new HebbError(
      `arange: Expected a finite range and a step other than 0 but received ${first}, ${last}, ${step}`,
    );
  return tensor(
    Array.from({ length: count }, (_, index) => first + index * step),
    [count],
    options,
  );
}
