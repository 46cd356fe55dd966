// Calls of kernels on tensors.
import { callKernel, type Handle, type KernelArgument } from './native';
import { Tensor } from './tensor';

export type Argument = Tensor | readonly Tensor[] | null | number | boolean | readonly number[];

function unwrap(argument: Argument): KernelArgument {
  if (argument instanceof Tensor) return argument.handle;
  if (Array.isArray(argument)) return argument.map((item) => (item instanceof Tensor ? item.handle : item)) as Handle[];
  return argument as KernelArgument;
}

/** Enqueues a kernel. Names, arguments and what they mean: native/ops/*.h. */
export function run(name: string, ...values: readonly Argument[]): void {
  callKernel(name, ...values.map(unwrap));
}
