// The instruction set in use.
console.log(require('../..').describe().isa);
