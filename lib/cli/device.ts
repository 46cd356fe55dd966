import { setDefaultDevice } from '../device';
import { HebbError, InputError } from '../errors';

/** Makes what `--device` names the default device. @throws InputError where there is none of that name. */
export function useDevice(name: string | undefined): void {
  if (name === undefined) return;
  try {
    setDefaultDevice(name);
  } catch (error) {
    throw error instanceof HebbError ? new InputError(error.message, { cause: error }) : error;
  }
}
