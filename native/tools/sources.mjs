// Prints the files of the named rooms of native/sources.txt, one a line. binding.gyp and the checks read the list through this.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const rooms = ['core', 'ops', 'ref', 'cpu', 'isa', 'node', 'cuda', 'gpu', 'emulation'];

/** The files of the given rooms, relative to the repository root. */
export function sources(...wanted) {
  const list = readFileSync(new URL('../sources.txt', import.meta.url), 'utf8');
  const files = [];
  for (const line of list.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [room, path, ...rest] = line.split(' ');
    if (!rooms.includes(room) || !path || rest.length > 0) {
      throw new Error(
        `native/sources.txt: expected "ROOM PATH" with a room of ${rooms.join(', ')} but received "${line}"`,
      );
    }
    if (wanted.includes(room)) files.push(path);
  }
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(sources(...process.argv.slice(2)).join('\n'));
}
