// node bench/saved.mjs DEVICE: what is kept of a device, as RESULTS.md has it.
import { markdown } from './markdown.mjs';
import { saved } from './results.mjs';

const [device] = process.argv.slice(2);
console.log(markdown(saved().filter(({ machine }) => machine.device === device)));
