// A LeNet-5 training step on random digits, for the scripts in this folder. HEBB_TEST_DEVICE: on which device.
const hebb = require('../..');

if (process.env.HEBB_TEST_DEVICE) hebb.setDefaultDevice(process.env.HEBB_TEST_DEVICE);

exports.hebb = hebb;
exports.trainer = (batch = 16) => {
  hebb.manualSeed(1);
  const model = hebb.models.lenet5();
  const optimizer = new hebb.optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 });
  const images = hebb.rand([batch, 28, 28, 1]);
  const labels = hebb.tensor(Int32Array.from({ length: batch }, (_, index) => index % 10));
  const step = (x, y) => {
    optimizer.zeroGrad();
    const logits = model.forward(x);
    const loss = hebb.nn.functional.crossEntropy(logits, y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  return { model, optimizer, images, labels, step };
};
