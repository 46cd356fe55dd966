/** Base class of every error hebb throws on purpose. */
export class HebbError extends Error {
  override readonly name: string = 'HebbError';
}

/**
 * Bad input from people: files, flags, data. The message is one clear line that names the file or argument, what was
 * expected and what was received; the command line prints it as `hebb: <message>` and exits with code 2.
 */
export class InputError extends HebbError {
  override readonly name: string = 'InputError';
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the device',
  EDQUOT: 'the disk quota is used up',
  EISDIR: 'it is a folder',
  ENOTDIR: 'part of the path is not a folder',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
};

/** Why a system call failed, in words where the code is a common one. */
export function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const words = code === undefined ? undefined : SYSTEM_REASONS[code];
  if (code !== undefined && words !== undefined) return `${words} (${code})`;
  return oneLine(error instanceof Error ? error.message : String(error));
}

/**
 * What to throw where reading or writing a file failed: an InputError if the system refused, as in `Cannot read 'x': no
 * such file or folder (ENOENT)`; any other error as it is.
 */
export function fileError(doing: 'read' | 'write', path: string, error: unknown): unknown {
  if (typeof (error as NodeJS.ErrnoException | null)?.code !== 'string') return error;
  return new InputError(`Cannot ${doing} '${oneLine(path)}': ${systemReason(error)}`, { cause: error });
}

/** Text with line breaks and control characters replaced by blanks, cut at `limit` characters: it fits on one line. */
export function oneLine(text: string, limit = 300): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not reach a terminal
  const flat = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return flat.length > limit ? `${flat.slice(0, limit - 1)}…` : flat;
}
