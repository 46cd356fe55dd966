// The same names from an ES module.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as hebb from 'hebb';

const required = createRequire(import.meta.url)('hebb');
const imported = new Map(Object.entries(hebb));
for (const [name, value] of Object.entries(required)) assert.equal(imported.get(name), value, name);
assert.deepEqual([...(await hebb.tensor([1, 2]).data())], [1, 2]);
console.log('smoke test passed');
