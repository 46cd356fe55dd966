import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileError, InputError } from './errors';

/** Opening a pipe for reading would wait for its writer; without blocking it opens, and is then refused by its type. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads a regular file of at most `limit` bytes, synchronously; a folder, a pipe or a device is refused unread. */
export function readRegularFile(path: string, limit: number): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(path, READ_FLAGS);
    const bytes = new Uint8Array(checkedSize(fstatSync(fd), path, limit));
    let filled = 0;
    while (filled < bytes.length) {
      const n = readSync(fd, bytes, filled, Math.min(bytes.length - filled, 2 ** 30), filled);
      if (n === 0) break;
      filled += n;
    }
    return bytes.subarray(0, filled);
  } catch (error) {
    throw fileError('read', path, error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Opens a regular file for reading and gives its size in bytes; the caller closes the handle. */
export async function openRegularFile(path: string): Promise<{ handle: FileHandle; size: number }> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, READ_FLAGS);
    return { handle, size: checkedSize(await handle.stat(), path, Number.MAX_SAFE_INTEGER) };
  } catch (error) {
    await handle?.close();
    throw fileError('read', path, error);
  }
}

function checkedSize(stat: Stats, path: string, limit: number): number {
  if (!stat.isFile()) {
    const kind = stat.isDirectory() ? 'a folder' : 'a device or pipe';
    throw new InputError(`Expected a regular file for '${path}' but received ${kind}`);
  }
  if (stat.size > limit) {
    throw new InputError(`Expected a file of at most ${limit} bytes for '${path}' but received ${stat.size} bytes`);
  }
  return stat.size;
}
