import { mnist, take } from '../data';
import { setThreads } from '../device';
import { InputError } from '../errors';
import { checkWritable, loadCheckpoint, loadSafetensorsFile, saveCheckpoint, saveSafetensors } from '../io';
import { fitting, isCheckpoint } from '../io/checkpoint';
import { SGD } from '../optim';
import { manualSeed } from '../random';
import { cosine, type FitResult, fit, progress } from '../train';
import { formatPercent } from '../train/progress';
import { useDevice } from './device';
import { network, type Recipe } from './networks';
import type { Output } from './output';
import { interruptible } from './signals';

/** What the flags of `hebb train` say; what is absent has a default, or is as in the checkpoint that is resumed. */
export interface TrainFlags extends Partial<Recipe> {
  model?: string;
  data: string;
  seed?: number;
  device?: string;
  threads?: number;
  limit?: number;
  out?: string;
  resume?: string;
  compile: boolean;
}

/** All that decides the course of a training, as strings in a checkpoint's metadata. */
interface Plan extends Recipe {
  readonly model: string;
  readonly seed: number;
  readonly limit: number;
  /** Where to go on. */
  readonly epoch: number;
  readonly batch: number;
}

const DEFAULT_SEED = 1;
/** No limit on the number of digits. */
const ALL = Number.MAX_SAFE_INTEGER;
const NUMBERS = ['epochs', 'batchSize', 'lr', 'momentum', 'weightDecay', 'seed', 'limit'] as const;

/** Trains a network on MNIST and saves it. Gives the process's exit code. */
export async function train(flags: TrainFlags, out: Output): Promise<number> {
  useDevice(flags.device);
  const resumed = flags.resume === undefined ? undefined : await readResumed(flags.resume);
  const plan = planOf(flags, resumed);
  const file = flags.out ?? `${plan.model}.safetensors`;
  await checkWritable(file);
  if (flags.threads !== undefined) setThreads(flags.threads);

  const dir = flags.data === 'mnist' ? {} : { dir: flags.data };
  const digits = take(mnist({ split: 'train', ...dir }), plan.limit);
  const test = mnist({ split: 'test', ...dir });

  manualSeed(plan.seed);
  const { model, optimizer } = build(plan);
  if (flags.resume !== undefined) await restore(flags.resume, resumed, { model, optimizer }, out);

  out.note(
    `training ${plan.model} on ${digits.length} digits: ${plan.epochs} epochs in batches of ${plan.batchSize}, learning rate ${plan.lr}, seed ${plan.seed}`,
  );
  const reporter = progress({ results: out.json ? process.stderr : process.stdout });
  const began = performance.now();
  const result = await interruptible(
    async (signal) => {
      // biome-ignore lint/suspicious/noFocusedTests: this fit trains
      const fitted = await fit(model, {
        data: digits,
        validation: test,
        optimizer,
        epochs: plan.epochs,
        batchSize: plan.batchSize,
        seed: plan.seed,
        schedule: cosine(plan.lr),
        compile: flags.compile,
        progress: reporter,
        callbacks: {
          onEpochEnd: ({ epoch, loss, lr, seconds, imagesPerSecond, validation }) => {
            if (!out.json) return;
            const measured = validation === undefined ? {} : { testLoss: validation.loss, testError: validation.error };
            out.result('', {
              event: 'epoch',
              epoch: epoch + 1,
              epochs: plan.epochs,
              loss,
              ...measured,
              lr,
              seconds,
              imagesPerSecond,
            });
          },
        },
        start: { epoch: plan.epoch, batch: plan.batch },
        signal,
      });
      const metadata = metadataOf(plan, fitted, digits.normalization);
      if (fitted.aborted) await saveCheckpoint(file, { model, optimizer, metadata });
      else await saveSafetensors(file, model.stateDict(), { metadata });
      return fitted;
    },
    () => reporter.stop(),
  );
  return conclude(result, { file, plan, seconds: (performance.now() - began) / 1000 }, out);
}

function conclude(result: FitResult, ended: { file: string; plan: Plan; seconds: number }, out: Output): number {
  const { file, plan, seconds } = ended;
  const { epoch, batch } = result.position;
  if (result.aborted) {
    out.result(
      `interrupted in epoch ${epoch + 1}/${plan.epochs} after ${batch} batches: saved a checkpoint in '${file}'; go on with --resume '${file}'`,
      { event: 'interrupted', file, epoch: epoch + 1, batch, epochs: plan.epochs, seconds },
    );
    return 130;
  }
  const validation = result.history.at(-1)?.validation;
  const error = validation === undefined ? '' : ` with ${formatPercent(validation.error)} test error`;
  out.result(`saved ${plan.model}${error} in '${file}' after ${seconds.toFixed(1)} s`, {
    event: 'saved',
    file,
    model: plan.model,
    epochs: plan.epochs,
    ...(validation === undefined ? {} : { testError: validation.error, testLoss: validation.loss }),
    seconds,
  });
  return 0;
}

function build(plan: Plan): { model: ReturnType<ReturnType<typeof network>['create']>; optimizer: SGD } {
  const model = network(plan.model).create();
  const { lr, momentum, weightDecay } = plan;
  return { model, optimizer: new SGD(model.parameters(), { lr, momentum, weightDecay }) };
}

/** The metadata of the file to resume; its weights are looked at later. */
async function readResumed(path: string): Promise<Record<string, string>> {
  const { tensors, metadata } = await loadSafetensorsFile(path);
  for (const tensor of Object.values(tensors)) tensor.dispose();
  return metadata;
}

/** Flags come first, then the checkpoint that is resumed, then the network's recipe. */
function planOf(flags: TrainFlags, resumed: Record<string, string> | undefined): Plan {
  const going = resumed !== undefined && isCheckpoint(resumed) ? resumed : {};
  const name = flags.model ?? resumed?.model ?? 'lenet5';
  const { recipe } = network(name);
  if (resumed?.model !== undefined && resumed.model !== name) {
    throw new InputError(`Expected a checkpoint of ${name} in '${flags.resume}' but received one of ${resumed.model}`);
  }
  const defaults = { ...recipe, seed: DEFAULT_SEED, limit: ALL };
  const chosen = Object.fromEntries(
    NUMBERS.map((key) => [key, flags[key] ?? numberOf(going, key, flags.resume) ?? defaults[key]]),
  );
  const epoch = numberOf(going, 'epoch', flags.resume) ?? 0;
  const batch = numberOf(going, 'batch', flags.resume) ?? 0;
  const plan = { ...(chosen as unknown as Omit<Plan, 'model' | 'epoch' | 'batch'>), model: name, epoch, batch };
  if (epoch >= plan.epochs) {
    throw new InputError(
      `Expected more than the ${epoch} epochs that '${flags.resume}' has behind it but received --epochs ${plan.epochs}`,
    );
  }
  return plan;
}

function numberOf(metadata: Record<string, string>, key: string, path: string | undefined): number | undefined {
  const text = metadata[key];
  if (text === undefined) return undefined;
  const value = Number(text);
  const fractional = key === 'lr' || key === 'momentum' || key === 'weightDecay';
  if (text === '' || !(value >= 0) || !(fractional ? Number.isFinite(value) : Number.isSafeInteger(value))) {
    throw new InputError(`Expected a number for metadata ${key} in '${path}' but received other text`);
  }
  return value;
}

function metadataOf(plan: Plan, result: FitResult, normalization: unknown): Record<string, string> {
  const { aborted, position, history } = result;
  const validation = history.at(-1)?.validation;
  return {
    model: plan.model,
    // Without a limit there is none to remember.
    ...Object.fromEntries(NUMBERS.filter((key) => plan[key] !== ALL).map((key) => [key, String(plan[key])])),
    ...(aborted ? { epoch: String(position.epoch), batch: String(position.batch) } : {}),
    ...(validation === undefined ? {} : { error: String(validation.error) }),
    normalization: JSON.stringify(normalization),
  };
}

/** Puts a file's values into the model and, where it is a checkpoint, the optimizer. */
async function restore(
  path: string,
  metadata: Record<string, string> | undefined,
  into: ReturnType<typeof build>,
  out: Output,
): Promise<void> {
  if (metadata !== undefined && isCheckpoint(metadata)) {
    const { lr } = into.optimizer;
    await loadCheckpoint(path, into);
    into.optimizer.lr = lr;
    return;
  }
  out.note(`'${path}' holds weights only: training starts from them with a new optimizer`);
  const { tensors } = await loadSafetensorsFile(path);
  fitting(path, () => into.model.loadStateDict(tensors));
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
