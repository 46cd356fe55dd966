// What a model is made of, seen by running it once.
import { noGrad } from '../autograd';
import { zeros } from '../create';
import type { Shape, Tensor } from '../tensor';
import { tidy } from '../tidy';
import type { Module } from './module';
import { withLayersApart } from './normalized';

export interface LayerSummary {
  /** Its place in the model, in dotted form. */
  readonly name: string;
  /** Its class. */
  readonly type: string;
  readonly outputShape: Shape;
  /** Numbers that an optimizer trains. */
  readonly parameters: number;
  /** Products, each with its addition, of a convolution or a linear layer. */
  readonly multiplyAdds: number;
}

/** Of a model at one shape of input. `console.log` prints it as a table. */
export class ModelSummary {
  constructor(
    /** Layers in the order in which they ran. A ReLU that is fused into the layer before it is not among them. */
    readonly layers: readonly LayerSummary[],
    /** Of the whole model, layers that did not run included. */
    readonly parameters: number,
    readonly multiplyAdds: number,
  ) {}

  toString(): string {
    const whole = (value: number) => value.toLocaleString('en-US');
    const rows = [
      ['layer', 'type', 'output', 'parameters', 'multiply-adds'],
      ...this.layers.map(({ name, type, outputShape, parameters, multiplyAdds }) => [
        name,
        type,
        `[${outputShape.join(', ')}]`,
        whole(parameters),
        whole(multiplyAdds),
      ]),
      ['total', '', '', whole(this.parameters), whole(this.multiplyAdds)],
    ];
    const numbersFrom = 3;
    const widths = (rows[0] as string[]).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
    return rows
      .map((row) =>
        row
          .map((cell, column) =>
            column < numbersFrom ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
          )
          .join('  ')
          .trimEnd(),
      )
      .join('\n');
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

type Forward = (x: Tensor, ...rest: unknown[]) => Tensor;

/** Runs `model` on zeros in evaluation and notes what each layer gives. */
export function summarize(model: Module, inputShape: Shape): ModelSummary {
  const modules: [string, Module][] = [];
  const collect = (name: string, module: Module): void => {
    modules.push([name, module]);
    for (const [inner, child] of module.children()) collect(name === '' ? inner : `${name}.${inner}`, child);
  };
  collect('', model);
  const modes = modules.map(([, module]) => module.training);
  const layers: LayerSummary[] = [];
  const restore: (() => void)[] = [];
  let inside = false;

  const watch = (name: string, module: Module, method: 'forward' | 'forwardActivated'): void => {
    const methods = module as unknown as Record<string, Forward | undefined>;
    const original = methods[method];
    if (!original) return;
    methods[method] = (x, ...rest) => {
      if (inside) return original.call(module, x, ...rest);
      inside = true;
      try {
        const y = original.call(module, x, ...rest);
        layers.push({
          name,
          type: module.constructor.name,
          outputShape: y.shape,
          parameters: module.parameters().reduce((sum, { size }) => sum + size, 0),
          multiplyAdds: module.multiplyAdds(y.shape),
        });
        return y;
      } finally {
        inside = false;
      }
    };
    restore.push(() => delete methods[method]);
  };

  const parameters = model.parameters();
  try {
    model.eval();
    for (const [name, module] of modules) {
      if (module.children().length > 0) continue;
      watch(name, module, 'forward');
      watch(name, module, 'forwardActivated');
    }
    const device = parameters[0] ? { device: parameters[0].device } : {};
    withLayersApart(() => tidy(() => noGrad(() => void model.forward(zeros(inputShape, device)))));
  } finally {
    for (const undo of restore) undo();
    // Outer modules first: each sets those below it, whose own turn comes later.
    modules.forEach(([, module], index) => {
      module.train(modes[index]);
    });
  }
  return new ModelSummary(
    layers,
    parameters.reduce((sum, { size }) => sum + size, 0),
    layers.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0),
  );
}
