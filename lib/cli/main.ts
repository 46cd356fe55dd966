#!/usr/bin/env node
import { HebbError, InputError, oneLine } from '../errors';
import { BAD_INPUT, run, UsageError } from './program';

/** `hebb doctor | head` closes our stdout: that is no error of ours. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

run(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const expected = error instanceof InputError || error instanceof UsageError;
    // What is ours to say fits on a line; of a bug we want to see all.
    const text =
      expected || error instanceof HebbError
        ? oneLine((error as Error).message, 2000)
        : ((error as Error)?.stack ?? String(error));
    process.stderr.write(`hebb: ${text}\n`);
    process.exitCode = expected ? BAD_INPUT : 1;
  },
);
