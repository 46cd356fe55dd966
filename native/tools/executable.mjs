// Marks the named files executable: tsc writes none so, and npm links bin entries as they are.
import { chmodSync } from 'node:fs';

for (const file of process.argv.slice(2)) chmodSync(file, 0o755);
