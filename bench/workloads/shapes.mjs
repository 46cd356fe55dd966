// The sizes of all workloads, from the file that the peers' scripts read too. Images are [height, width, channels], a
// network's `gpu` is how many times its training batch is as large on a GPU.
import { readFileSync } from 'node:fs';

export const shapes = JSON.parse(readFileSync(new URL('shapes.json', import.meta.url), 'utf8'));
