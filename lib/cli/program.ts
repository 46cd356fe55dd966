import { Command, CommanderError } from 'commander';
import { oneLine } from '../errors';
import type * as Doctor from './doctor';
import type * as Eval from './eval';
import { type Output, output } from './output';
import type * as Predict from './predict';
import type * as Train from './train';
import { positive, whole } from './values';

const { version } = require('../../package.json') as { version: string };

/** Exit code of a command that was used wrongly, or given bad files. */
export const BAD_INPUT = 2;

/** What went wrong in the words of the command line's parser; it has not been printed yet. */
export class UsageError extends Error {}

/**
 * Runs a command line (without `node` and the script's name) and gives the process's exit code.
 *
 * Commands are loaded when they are run: help needs no addon, and `doctor` has to work where there is none.
 */
export async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = new Command('hebb')
    .description('Neural networks natively in Node: train one, measure it, use it.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .showSuggestionAfterError(false);
  const command = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--json', 'print one JSON object a line on stdout, all else on stderr');
  const onDevice = (named: Command): Command =>
    named.option('--device <name>', 'cpu, or a GPU: cuda:0, cuda:1 … (default: cpu)');
  const act = async (options: { json?: boolean }, work: (out: Output) => Promise<number> | number): Promise<void> => {
    code = await work(output(options.json === true));
  };

  onDevice(command('train', 'Train a network on MNIST, print its test error after each epoch, and save it.'))
    .option('--model <name>', 'lenet5 or mlp (default: lenet5)')
    .option('--data <mnist|folder>', 'MNIST, or a folder of IDX files under its names', 'mnist')
    .option('--epochs <n>', 'times through the digits (default: 8; mlp: 10)', whole(1))
    .option('--batch-size <n>', 'digits a step (default: 64; mlp: 128)', whole(1, 65_536))
    .option(
      '--lr <rate>',
      'learning rate at the start; it falls to 0 along a cosine (default: 0.02; mlp: 0.05)',
      positive(false),
    )
    .option('--momentum <m>', 'momentum of SGD (default: 0.9)', positive(true))
    .option('--weight-decay <d>', 'L2 penalty (default: 0.0005)', positive(true))
    .option('--seed <n>', 'of the first weights and of the order of the digits (default: 1)', whole(0))
    .option('--threads <n>', 'threads to use; results do not depend on it', whole(1, 1024))
    .option('--limit <n>', 'train on the first n digits only', whole(1))
    .option('--out <file>', 'where to save (default: <model>.safetensors)')
    .option('--resume <file>', 'go on from a checkpoint, with its settings unless flags change them')
    .option('--no-compile', 'enqueue each operation anew instead of replaying recorded steps')
    .addHelpText(
      'after',
      '\nCtrl-C stops after the current step and saves a checkpoint in the --out file; a second one stops at once.',
    )
    .action((flags) => act(flags, (out) => (require('./train') as typeof Train).train(flags, out)));

  onDevice(command('eval', "Measure a trained network on MNIST's test digits."))
    .requiredOption('--weights <file>', 'what hebb train saved')
    .option('--model <name>', 'lenet5 or mlp (default: as the file says)')
    .option('--data <mnist|folder>', 'MNIST, or a folder of IDX files under its names', 'mnist')
    .option('--threads <n>', 'threads to use', whole(1, 1024))
    .action((flags) => act(flags, (out) => (require('./eval') as typeof Eval).evaluateFile(flags, out)));

  onDevice(command('predict', 'Name the digits in PNG images of 28 by 28 pixels.'))
    .argument('<file.png...>', 'grey or colour; white digits on black, unless --invert is given')
    .requiredOption('--weights <file>', 'what hebb train saved')
    .option('--model <name>', 'lenet5 or mlp (default: as the file says)')
    .option('--invert', 'the digits are black on white', false)
    .action((files, flags) => act(flags, (out) => (require('./predict') as typeof Predict).predict(files, flags, out)));

  command('doctor', 'Say which device and instruction set are used, and for those that are not, why.').action((flags) =>
    act(flags, (out) => (require('./doctor') as typeof Doctor).doctor(out)),
  );

  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help')
      throw new UsageError("Expected a command: train, eval, predict or doctor; see 'hebb --help'");
    throw new UsageError(oneLine(error.message.replace(/^error: /, '')));
  }
  return code;
}
