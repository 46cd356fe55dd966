import { mnist } from '../data';
import { setThreads } from '../device';
import { evaluate } from '../train';
import { formatPercent } from '../train/progress';
import { useDevice } from './device';
import type { Output } from './output';
import { loadTrained } from './weights';

export interface EvalFlags {
  model?: string;
  weights: string;
  data: string;
  device?: string;
  threads?: number;
}

/** Measures a trained network on MNIST's test digits. Gives the process's exit code. */
export async function evaluateFile(flags: EvalFlags, out: Output): Promise<number> {
  useDevice(flags.device);
  const { network, model, normalization } = await loadTrained(flags.weights, flags.model);
  const dir = flags.data === 'mnist' ? {} : { dir: flags.data };
  const test = mnist({ split: 'test', normalize: normalization, ...dir });
  if (flags.threads !== undefined) setThreads(flags.threads);
  const { loss, error, accuracy, n } = await evaluate(model, test);
  out.result(`${network.name}: test error ${formatPercent(error)}, loss ${loss.toFixed(4)}, on ${n} digits`, {
    event: 'eval',
    model: network.name,
    weights: flags.weights,
    loss,
    error,
    accuracy,
    n,
  });
  return 0;
}
