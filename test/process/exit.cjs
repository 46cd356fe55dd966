// exit.cjs WAY [BATCH]: ends the process with work in flight.
const { hebb, trainer } = require('./trainer.cjs');

const { images, labels, step } = trainer(Number(process.argv[3] ?? 512));
const compiled = hebb.compile(step);
for (let index = 0; index < 20; index++) compiled(images, labels);
const pending = compiled(images, labels).data();
switch (process.argv[2]) {
  case 'return': // the promise keeps the loop alive until it is settled
    pending.then((loss) => console.log(`loss ${loss[0] > 0}`));
    break;
  case 'exit':
    process.exit(7);
    break;
  case 'throw':
    throw new Error('uncaught on purpose');
}
