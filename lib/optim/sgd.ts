import { noGrad } from '../autograd';
import { HebbError } from '../errors';
import { run } from '../kernel';
import type { Tensor } from '../tensor';
import {
  asGroups,
  filledState,
  followParameters,
  Hyperparameters,
  Optimizer,
  type OptimizerState,
  type ParameterGroup,
} from './optimizer';

export interface SGDOptions {
  /** The learning rate. */
  lr: number;
  /** Default: 0. */
  momentum?: number;
  /** Default: 0. */
  dampening?: number;
  /** L2 penalty added to the gradient. Default: 0. */
  weightDecay?: number;
  /** Nesterov's momentum; needs a momentum and no dampening. Default: false. */
  nesterov?: boolean;
  /** Ascend instead of descend. Default: false. */
  maximize?: boolean;
}

const NAMES = ['lr', 'momentum', 'dampening', 'weightDecay', 'nesterov', 'maximize', 'steps'] as const;
type Name = (typeof NAMES)[number];

interface Group {
  readonly params: readonly Tensor[];
  readonly buffers: readonly Tensor[];
  readonly hyper: Hyperparameters<Name>;
}

function makeGroup(defaults: SGDOptions, given: ParameterGroup<SGDOptions>): Group {
  const {
    params,
    lr,
    momentum = 0,
    dampening = 0,
    weightDecay = 0,
    nesterov = false,
    maximize = false,
  } = { ...defaults, ...given };
  for (const [name, value] of Object.entries({ lr, momentum, weightDecay })) {
    if (!(value >= 0)) throw new HebbError(`SGD: Expected a non-negative ${name} but received ${value}`);
  }
  if (nesterov && (momentum <= 0 || dampening !== 0))
    throw new HebbError('SGD: Expected a momentum and no dampening for nesterov');
  const device = (params[0] as Tensor).deviceNumber;
  const values = {
    lr,
    momentum,
    dampening,
    weightDecay,
    nesterov: Number(nesterov),
    maximize: Number(maximize),
    steps: 0,
  };
  return {
    params,
    buffers: momentum > 0 ? params.map((parameter) => filledState(parameter.shape, parameter.deviceNumber)) : [],
    hyper: new Hyperparameters(NAMES, values, device),
  };
}

/** Stochastic gradient descent with momentum, as PyTorch defines it: v = momentum v + (1 - dampening) g, p -= lr v. */
export class SGD extends Optimizer {
  readonly groups: readonly Group[];

  constructor(params: readonly Tensor[] | readonly ParameterGroup<SGDOptions>[], options: SGDOptions) {
    super();
    this.groups = asGroups<SGDOptions>(params).map((group) => makeGroup(options, group));
  }

  /** The learning rate of the first group; setting it sets all groups', also for programs already recorded. */
  get lr(): number {
    return (this.groups[0] as Group).hyper.get('lr');
  }

  set lr(value: number) {
    for (const { hyper } of this.groups) hyper.set('lr', value);
  }

  step(): void {
    noGrad(() => {
      for (const { params, buffers, hyper } of this.groups) {
        const present = params.flatMap((parameter, index) => {
          const { grad } = parameter;
          return grad ? [{ parameter, grad, buffer: buffers[index] }] : [];
        });
        if (present.length === 0) continue;
        followParameters(params, hyper.tensor, buffers);
        run(
          'sgd',
          present.map(({ parameter }) => parameter),
          present.map(({ grad }) => grad),
          present.flatMap(({ buffer }) => (buffer ? [buffer] : [])),
          hyper.tensor,
        );
      }
    });
  }

  stateDict(): OptimizerState {
    const entries = this.groups.flatMap(({ buffers, hyper }, group): [string, Tensor][] => [
      [`${group}.hyper`, hyper.tensor],
      ...buffers.map((buffer, index): [string, Tensor] => [`${group}.momentum.${index}`, buffer]),
    ]);
    return Object.fromEntries(entries);
  }

  protected override stateLoaded(): void {
    for (const { hyper } of this.groups) hyper.reload();
  }
}
