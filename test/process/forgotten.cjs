// forgotten.cjs TENSORS: as many tensors of 1 MiB on HEBB_TEST_DEVICE as asked for, left to the garbage collector.
const { hebb } = require('./trainer.cjs');

async function main(count) {
  for (let index = 0; index < count; index++) {
    hebb.zeros([2 ** 18]);
    if (index % 4 === 3) await new Promise(setImmediate);
  }
  const { peak, limit } = hebb.memory();
  console.log(JSON.stringify({ peak, limit, external: process.memoryUsage().external }));
}

main(Number(process.argv[2]));
