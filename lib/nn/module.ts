// The base of all layers and models.
import { invalidatePrograms } from '../compile';
import { deviceNumber } from '../device';
import { InputError } from '../errors';
import { assign } from '../ops/movement';
import { recorder } from '../recorder';
import { type Shape, Tensor } from '../tensor';
import { type ModelSummary, summarize } from './summary';

/** Names, in dotted form, and the tensors a module is made of. */
export type StateDict = Record<string, Tensor>;

/**
 * A function of a tensor with parameters. Fields that hold tensors with `requiresGrad` are parameters, other tensors
 * are buffers, fields that hold modules (or arrays of them) are submodules, all under their field's name.
 */
export abstract class Module {
  #training = true;

  abstract forward(x: Tensor): Tensor;

  /** Whether layers that differ (dropout) behave as in training. */
  get training(): boolean {
    const mode = this.#training;
    recorder()?.assume(() => this.#training === mode);
    return mode;
  }

  /** Submodules by name. */
  children(): [string, Module][] {
    return Object.entries(this).flatMap(([name, value]): [string, Module][] => {
      if (value instanceof Module) return [[name, value]];
      if (!Array.isArray(value)) return [];
      return value.flatMap((item, index): [string, Module][] =>
        item instanceof Module ? [[`${name}.${index}`, item]] : [],
      );
    });
  }

  /** All tensors by dotted name, depth first in the order of the fields. */
  namedTensors(): [string, Tensor][] {
    const own = Object.entries(this).filter((entry): entry is [string, Tensor] => entry[1] instanceof Tensor);
    const nested = this.children().flatMap(([name, child]) =>
      child.namedTensors().map(([inner, value]): [string, Tensor] => [`${name}.${inner}`, value]),
    );
    return [...own, ...nested];
  }

  /** What an optimizer should train, by dotted name. */
  namedParameters(): [string, Tensor][] {
    return this.namedTensors().filter(([, value]) => value.requiresGrad);
  }

  parameters(): Tensor[] {
    return this.namedParameters().map(([, value]) => value);
  }

  /** The tensors themselves, not copies, by dotted name. */
  stateDict(): StateDict {
    return Object.fromEntries(this.namedTensors());
  }

  /** Copies values in. Every name must be there with its shape and dtype, and no other; otherwise nothing changes. */
  loadStateDict(state: StateDict): void {
    const own = this.stateDict();
    const missing = Object.keys(own).filter((name) => !(name in state));
    const unexpected = Object.keys(state).filter((name) => !(name in own));
    if (missing.length > 0 || unexpected.length > 0) {
      const parts = [
        missing.length > 0 ? `missing ${list(missing)}` : '',
        unexpected.length > 0 ? `unexpected ${list(unexpected)}` : '',
      ];
      throw new InputError(
        `Expected a state dict of this model but received one with ${parts.filter(Boolean).join(' and ')}`,
      );
    }
    for (const [name, target] of Object.entries(own)) {
      const source = state[name] as Tensor;
      if (String(source.shape) !== String(target.shape) || source.dtype !== target.dtype) {
        throw new InputError(
          `Expected ${target.dtype}[${target.shape}] for '${name}' but received ${source.dtype}[${source.shape}]`,
        );
      }
    }
    for (const [name, target] of Object.entries(own)) assign(target, state[name] as Tensor);
  }

  /** Sets the mode of this module and all below it. */
  train(mode = true): this {
    this.#training = mode;
    for (const [, child] of this.children()) child.train(mode);
    return this;
  }

  /** `train(false)`. */
  eval(): this {
    return this.train(false);
  }

  /**
   * Moves every tensor to a device, its gradient too, without waiting. They are the same tensors as before: optimizers
   * made earlier go with them. Programs record again. Where the device's memory does not suffice, nothing has moved.
   */
  to(device: string): this {
    const number = deviceNumber(device);
    const moved: { value: Tensor; from: number }[] = [];
    try {
      for (const [, value] of this.namedTensors()) {
        const from = value.deviceNumber;
        value.moveTo(number);
        if (from !== number) moved.push({ value, from });
      }
    } catch (error) {
      for (const { value, from } of moved) value.moveTo(from);
      throw error;
    }
    invalidatePrograms();
    return this;
  }

  /** Multiplications, each with its addition, that make an output of this shape. Layers made of products tell theirs. */
  multiplyAdds(_outputShape: Shape): number {
    return 0;
  }

  /** Layers, output shapes, parameters and multiply-adds at an input of this shape, as `[1, 224, 224, 3]`; one run. */
  summary(inputShape: Shape): ModelSummary {
    return summarize(this, inputShape);
  }
}

function list(names: readonly string[]): string {
  const SHOWN = 3;
  const shown = names
    .slice(0, SHOWN)
    .map((name) => `'${name}'`)
    .join(', ');
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}
