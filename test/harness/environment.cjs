// Jest runs each test file in a realm of its own, while the addon and Node's modules make their objects in the main one.
// Here `instanceof` recognises both realms' errors and typed arrays, as it would in a program.
const { TestEnvironment } = require('jest-environment-node');
const { types } = require('node:util');

const native = {
  Error: types.isNativeError,
  Promise: types.isPromise,
  Float32Array: types.isFloat32Array,
  Float64Array: types.isFloat64Array,
  Int32Array: types.isInt32Array,
};

class SharedRealmEnvironment extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    const ordinary = Function.prototype[Symbol.hasInstance];
    const hasInstance = (type, isInstance) => ({
      value(candidate) {
        return ordinary.call(this, candidate) || (this === type && isInstance(candidate));
      },
    });
    for (const [name, isInstance] of Object.entries(native)) {
      const type = this.global[name];
      Object.defineProperty(type, Symbol.hasInstance, hasInstance(type, isInstance));
    }
    for (const name of ['TypeError', 'RangeError']) {
      const type = this.global[name];
      const isInstance = (candidate) => types.isNativeError(candidate) && candidate.name === name;
      Object.defineProperty(type, Symbol.hasInstance, hasInstance(type, isInstance));
    }
  }
}

module.exports = SharedRealmEnvironment;
