/**
 * Runs `work` with a signal that the first Ctrl-C (SIGINT, or SIGTERM) aborts. The second ends the process at once,
 * after `last` has put the terminal in order.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, last: () => void): Promise<T> {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) {
      last();
      process.exit(130);
    }
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
  }
}
