import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError, InputError } from '../errors';

/** Temporary files being written: a process that exits in the middle leaves none behind. */
const pending = new Set<string>();

function removePending(): void {
  for (const path of pending) rmSync(path, { force: true });
}

/**
 * Writes a file whole or not at all: into a temporary file of the same folder, synced, then renamed over `path`, and
 * the folder synced. On any failure the temporary file is removed and whatever was at `path` is untouched.
 * A symbolic link is followed; a folder, a device or a pipe is refused.
 *
 * @throws InputError where the system refuses; an error thrown by `chunks` is passed on.
 */
export async function writeFileAtomic(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  const target = await resolveTarget(path);
  const { handle, temporary } = await createBeside(target.path, target.mode, path);
  let closed = false;
  try {
    for await (const chunk of chunks) {
      await system('write', path, () => writeAll(handle, chunk));
    }
    await system('write', path, () => handle.sync());
    closed = true;
    await system('write', path, () => handle.close());
    await system('write', path, () => rename(temporary, target.path));
  } catch (error) {
    if (!closed) await handle.close().catch(() => {});
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    forget(temporary);
  }
  await syncFolder(dirname(target.path), path);
}

/**
 * Finds out before hours of work whether `path` can be written at their end, by creating and removing a temporary file
 * beside it. @throws InputError where it cannot.
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await resolveTarget(path);
  const { handle, temporary } = await createBeside(target.path, target.mode, path);
  await handle.close().catch(() => {});
  await unlink(temporary).catch(() => {});
  forget(temporary);
}

async function resolveTarget(path: string): Promise<{ path: string; mode: number }> {
  if (path === '' || path.includes('\0'))
    throw new InputError(`Expected a file name but received '${path.replaceAll('\0', '\\0')}'`);
  try {
    const real = await realpath(path);
    const found = await stat(real);
    if (!found.isFile()) {
      const kind = found.isDirectory() ? 'a folder' : 'a device or pipe';
      throw new InputError(`Expected a file to write for '${path}' but received ${kind}`);
    }
    if (path.endsWith('/')) throw new InputError(`Expected a file to write but received '${path}', a folder's name`);
    return { path: real, mode: found.mode & 0o777 };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError('write', path, error);
    if (path.endsWith('/')) throw new InputError(`Expected a file to write but received '${path}', a folder's name`);
    return { path, mode: 0o666 };
  }
}

async function createBeside(
  target: string,
  mode: number,
  path: string,
): Promise<{ handle: FileHandle; temporary: string }> {
  // A long name is cut, lest the longer temporary one be refused where the name itself is not.
  const name = `.${basename(target).slice(0, 48)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  const temporary = join(dirname(target), name);
  if (pending.size === 0) process.once('exit', removePending);
  pending.add(temporary);
  try {
    return { handle: await open(temporary, 'wx', mode), temporary };
  } catch (error) {
    forget(temporary);
    throw fileError('write', path, error);
  }
}

function forget(temporary: string): void {
  pending.delete(temporary);
  if (pending.size === 0) process.removeListener('exit', removePending);
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, done, Math.min(chunk.length - done, 2 ** 30));
    done += bytesWritten;
  }
}

async function syncFolder(folder: string, path: string): Promise<void> {
  // Windows has no handle on folders to sync.
  if (process.platform === 'win32') return;
  await system('write', path, async () => {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } catch (error) {
      // Some network file systems cannot sync a folder; the file itself has been.
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    } finally {
      await handle.close();
    }
  });
}

async function system<T>(doing: 'read' | 'write', path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fileError(doing, path, error);
  }
}
