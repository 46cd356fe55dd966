// What a new user's first program does, as CommonJS; check-prebuild runs it from an installed tarball.
const assert = require('node:assert/strict');
const { compile, nn, noGrad, optim, tensor } = require('hebb');

async function main() {
  const product = tensor([1, 2, 3, 4], [2, 2]).matmul(tensor([5, 6, 7, 8], [2, 2]));
  assert.deepEqual([...(await product.data())], [19, 22, 43, 50]);

  const model = new nn.Linear(2, 1);
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01 });
  const step = compile((x) => {
    optimizer.zeroGrad();
    const y = model.forward(x);
    const loss = y.mul(y).mean();
    loss.backward();
    optimizer.step();
    return loss;
  });
  const x = tensor([1, 2, 3, 4], [2, 2]);
  const first = await step(x).item();
  for (let i = 0; i < 100; i++) step(x);
  const last = await step(x).item();
  assert.ok(last <= first && Number.isFinite(last), `expected the loss ${first} to fall but received ${last}`);

  // Errors cross the boundary as exceptions: the C++ runtime inside the addon unwinds.
  assert.throws(() => noGrad(() => tensor([1, 2, 3]).matmul(tensor([1, 2], [1, 2]))), Error);
  console.log('smoke test passed');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
