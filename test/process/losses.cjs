// losses.cjs STEPS: the losses of compiled training steps, and the limit of the device's memory.
const { hebb, trainer } = require('./trainer.cjs');

async function main(steps) {
  const { images, labels, step } = trainer(4);
  const compiled = hebb.compile(step);
  const losses = [];
  for (let index = 0; index < steps; index++) losses.push(await compiled(images, labels).item());
  console.log(JSON.stringify({ losses, limit: hebb.memory().limit }));
}

main(Number(process.argv[2]));
