import { tensor } from '../create';
import { fileError, InputError } from '../errors';
import { openRegularFile } from '../files';
import type { Tensor } from '../tensor';
import { writeFileAtomic } from './atomic';
import {
  emptyRecord,
  encodeSafetensors,
  type HostTensor,
  headerLength,
  PREFIX_BYTES,
  parseHeader,
  viewOf,
} from './codec';

export interface SaveOptions {
  /** Strings by name, kept in the file's header. */
  metadata?: Readonly<Record<string, string>>;
}

export interface LoadOptions {
  /** The device to put the tensors on. Default: the default device. */
  device?: string;
}

/** What a safetensors file holds. */
export interface SafetensorsFile {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

/**
 * Saves tensors by name (a model's `stateDict()`, say) in the safetensors format, which Python's `safetensors` reads.
 * The file is written whole or not at all: into a temporary file, synced, and renamed over `path`.
 *
 * The values are those at the time of the call, whatever is computed while they are written.
 *
 * @throws InputError where the file cannot be written.
 */
export async function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  options: SaveOptions = {},
): Promise<void> {
  const names = Object.keys(tensors);
  // All reads are enqueued before the first wait: one moment in the device's stream.
  const values = await Promise.all(names.map((name) => (tensors[name] as Tensor).data()));
  const host = emptyRecord<HostTensor>();
  for (const [i, name] of names.entries()) {
    host[name] = { shape: (tensors[name] as Tensor).shape, data: values[i] as HostTensor['data'] };
  }
  await writeFileAtomic(path, encodeSafetensors(host, options.metadata));
}

/**
 * The tensors of a safetensors file, by name: float32 (F32), int32 (I32, and I64 whose values fit) and uint8 (U8).
 *
 * @throws InputError naming the file where it is missing or not exactly what the format allows.
 */
export async function loadSafetensors(path: string, options: LoadOptions = {}): Promise<Record<string, Tensor>> {
  return (await loadSafetensorsFile(path, options)).tensors;
}

/** As {@link loadSafetensors}, with the file's metadata. */
export async function loadSafetensorsFile(path: string, options: LoadOptions = {}): Promise<SafetensorsFile> {
  const { tensors: host, metadata } = await readSafetensors(path);
  const tensors = emptyRecord<Tensor>();
  try {
    for (const [name, { shape, data }] of Object.entries(host)) {
      const dtype = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'uint8';
      tensors[name] = tensor(data, [...shape], { ...options, dtype });
    }
  } catch (error) {
    disposeAll(tensors);
    throw new InputError(`Cannot make the tensors of '${path}': ${(error as Error).message}`, { cause: error });
  }
  return { tensors, metadata };
}

/** Reads a safetensors file into host memory, tensor by tensor. */
export async function readSafetensors(
  path: string,
): Promise<{ tensors: Record<string, HostTensor>; metadata: Record<string, string> }> {
  const { handle, size } = await openRegularFile(path);
  try {
    const read = async (from: number, bytes: number): Promise<Uint8Array> => {
      const target = new Uint8Array(bytes);
      for (let filled = 0; filled < bytes; ) {
        const { bytesRead } = await handle.read(target, filled, Math.min(bytes - filled, 2 ** 30), from + filled);
        if (bytesRead === 0)
          throw new InputError(`Expected ${size} bytes in '${path}' but it became shorter while it was read`);
        filled += bytesRead;
      }
      return target;
    };
    const prefix = await read(0, Math.min(PREFIX_BYTES, size));
    const headerBytes = headerLength(prefix, size, path);
    const from = PREFIX_BYTES + headerBytes;
    const header = parseHeader(await read(PREFIX_BYTES, headerBytes), size - from, path);
    const tensors = emptyRecord<HostTensor>();
    for (const info of header.tensors) {
      tensors[info.name] = {
        shape: info.shape,
        data: viewOf(info, await read(from + info.begin, info.end - info.begin), path),
      };
    }
    return { tensors, metadata: { ...header.metadata } };
  } catch (error) {
    throw error instanceof RangeError
      ? new InputError(`Cannot read '${path}': ${error.message}`)
      : fileError('read', path, error);
  } finally {
    await handle.close();
  }
}

/** Frees tensors by name. */
export function disposeAll(tensors: Readonly<Record<string, Tensor>>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
