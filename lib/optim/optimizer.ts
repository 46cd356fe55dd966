// What optimizers share: parameter groups and their state.
import { HebbError, InputError } from '../errors';
import { assign } from '../ops/movement';
import { outsideRecording } from '../recorder';
import { keep } from '../scope';
import { copyInto, filled, Tensor } from '../tensor';

/** Parameters trained with one set of hyper-parameters. */
export type ParameterGroup<Options> = { params: readonly Tensor[] } & Partial<Options>;
export type OptimizerState = Record<string, Tensor>;

/** Hyper-parameters of one group, held in the device's memory so that replays of a program see their changes. */
export class Hyperparameters<Name extends string> {
  readonly tensor: Tensor;
  readonly #values: number[];

  constructor(
    readonly names: readonly Name[],
    values: Readonly<Record<Name, number>>,
    device: number,
  ) {
    this.#values = names.map((name) => values[name]);
    this.tensor = filledState([names.length], device);
    copyInto(this.tensor, Float32Array.from(this.#values));
  }

  get(name: Name): number {
    return this.#values[this.names.indexOf(name)] as number;
  }

  set(name: Name, value: number): void {
    if (typeof value !== 'number' || Number.isNaN(value))
      throw new HebbError(`Expected a number for ${name} but received ${value}`);
    const index = this.names.indexOf(name);
    this.#values[index] = value;
    copyInto(this.tensor, Float32Array.of(value), index);
  }

  /** Takes over what was copied into the tensor. */
  reload(): void {
    this.#values.splice(0, this.#values.length, ...this.tensor.dataSync());
  }
}

/** A zeroed tensor that lives as long as its optimizer. */
export function filledState(shape: readonly number[], device: number): Tensor {
  return outsideRecording(() => keep(filled(shape, 0, 'float32', device)));
}

/** Brings a group's state, which is all in one place, to where its parameters have been moved. */
export function followParameters(params: readonly Tensor[], first: Tensor, others: readonly Tensor[]): void {
  const device = (params[0] as Tensor).deviceNumber;
  if (first.deviceNumber === device) return;
  outsideRecording(() => {
    for (const tensor of [first, ...others]) tensor.moveTo(device);
  });
}

export abstract class Optimizer {
  abstract readonly groups: readonly { readonly params: readonly Tensor[] }[];

  /** Changes every parameter that has a gradient. */
  abstract step(): void;

  /** The state's tensors themselves, by name: what training needs to go on. */
  abstract stateDict(): OptimizerState;

  /** Forgets all gradients and frees them. */
  zeroGrad(): void {
    for (const group of this.groups) {
      for (const parameter of group.params) parameter.clearGrad();
    }
  }

  /** Copies a state in. Names and shapes must be this optimizer's. */
  loadStateDict(state: OptimizerState): void {
    const own = this.stateDict();
    for (const name of new Set([...Object.keys(own), ...Object.keys(state)])) {
      const target = own[name];
      const source = state[name];
      if (!target || !source || String(target.shape) !== String(source.shape)) {
        throw new InputError(
          `Expected ${target ? `float32[${target.shape}]` : 'nothing'} for the optimizer's '${name}' but received ${source ? `${source.dtype}[${source.shape}]` : 'nothing'}`,
        );
      }
    }
    for (const [name, target] of Object.entries(own)) assign(target, state[name] as Tensor);
    this.stateLoaded();
  }

  /** Called after new values were copied into the state's tensors. */
  protected stateLoaded(): void {}
}

export function asGroups<Options>(
  params: readonly Tensor[] | readonly ParameterGroup<Options>[],
): ParameterGroup<Options>[] {
  const list = [...params];
  if (list.length === 0) throw new HebbError('Expected one parameter at least but received none');
  const groups =
    list[0] instanceof Tensor
      ? [{ params: list } as unknown as ParameterGroup<Options>]
      : (list as ParameterGroup<Options>[]);
  const seen = new Set<Tensor>();
  for (const parameter of groups.flatMap((group) => group.params)) {
    if (!(parameter instanceof Tensor) || parameter.dtype !== 'float32')
      throw new HebbError('Expected float32 tensors as parameters');
    if (seen.has(parameter)) throw new HebbError('Expected each parameter once but received one twice');
    seen.add(parameter);
  }
  return groups;
}
