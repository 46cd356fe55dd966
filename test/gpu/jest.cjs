// Runs translated test files (pack.mjs) without jest: as much of its interface as they use.
//   node test/gpu/jest.cjs [-t PATTERN] FILE...      -t: only tests whose full name matches
const { format, inspect, isDeepStrictEqual, parseArgs } = require('node:util');
const { resolve } = require('node:path');

const { values, positionals } = parseArgs({
  options: { test: { type: 'string', short: 't', default: '' } },
  allowPositionals: true,
});
const wanted = new RegExp(values.test);

/** A suite's hooks are those of the suites around it too. */
const suite = (name, outer) => ({ name, outer, beforeAll: [], beforeEach: [], afterEach: [] });
let current = suite('', null);
const tests = [];
const ends = [];
let skipped = 0;

const around = (inner) => (inner ? [...around(inner.outer), inner] : []);
const fullName = (inner, name) => [...around(inner).map((one) => one.name), name].filter(Boolean).join(' ');
const shown = (value) => inspect(value, { depth: 4, maxArrayLength: 8, breakLength: 200 });

/** As jest has it: a row that is no list is one argument, and the title takes as many of them as it names. */
const each = (define) => (rows) => (title, body) => {
  for (const row of rows) {
    const list = Array.isArray(row) ? row : [row];
    const named = title.match(/%[sdijo]/g)?.length ?? 0;
    define(format(title, ...list.slice(0, named)), () => body(...list));
  }
};

function describe(name, body) {
  const outer = current;
  current = suite(name, outer);
  body();
  current = outer;
}
const test = (name, body) => tests.push({ suite: current, name: fullName(current, name), body });
describe.each = each(describe);
describe.skip = (name) => {
  skipped++;
  console.log(`skipped: ${fullName(current, name)}`);
};
test.each = each(test);

function throws(error, expected) {
  const message = String(error?.message ?? error);
  if (expected === undefined) return true;
  return expected instanceof RegExp ? expected.test(message) : message.includes(expected);
}

const matchers = {
  toBe: (got, want) => Object.is(got, want),
  toBeCloseTo: (got, want, digits = 2) => Math.abs(got - want) < 10 ** -digits / 2,
  toBeGreaterThan: (got, least) => got > least,
  toBeGreaterThanOrEqual: (got, least) => got >= least,
  toBeLessThan: (got, most) => got < most,
  toBeLessThanOrEqual: (got, most) => got <= most,
  toBeNull: (got) => got === null,
  toContain: (got, item) => got.includes(item),
  toEqual: (got, want) => isDeepStrictEqual(got, want),
  toHaveLength: (got, length) => got.length === length,
  toMatch: (got, pattern) => (pattern instanceof RegExp ? pattern.test(got) : got.includes(pattern)),
};

function check(passed, negated, name, got, want) {
  if (passed !== negated) return;
  throw new Error(`expected ${shown(got)} ${negated ? 'not ' : ''}${name} ${want.map(shown).join(', ')}`);
}

function expect(got, negated = false) {
  const checks = Object.entries(matchers).map(([name, matches]) => [
    name,
    (...want) => check(matches(got, ...want), negated, name, got, want),
  ]);
  const toThrow = (expected) => {
    let error = null;
    try {
      got();
    } catch (thrown) {
      error = { thrown };
    }
    const passed = error !== null && throws(error.thrown, expected);
    check(passed, negated, 'toThrow', error ? error.thrown : 'no error', [expected]);
  };
  const rejects = {
    toThrow: async (expected) => {
      const outcome = await Promise.resolve(got).then(
        () => null,
        (error) => ({ error }),
      );
      const passed = outcome !== null && throws(outcome.error, expected);
      check(passed, negated, 'rejects.toThrow', outcome ? outcome.error : 'no error', [expected]);
    },
  };
  const not = negated ? undefined : expect(got, true);
  return { ...Object.fromEntries(checks), toThrow, rejects, not };
}

Object.assign(globalThis, {
  describe,
  test,
  expect,
  beforeAll: (body) => current.beforeAll.push(body),
  beforeEach: (body) => current.beforeEach.push(body),
  afterEach: (body) => current.afterEach.push(body),
  afterAll: (body) => ends.push(body),
});

async function main() {
  for (const file of positionals) require(resolve(file));
  const chosen = tests.filter(({ name }) => wanted.test(name));
  let failed = 0;
  for (const { suite: inner, name, body } of chosen) {
    try {
      for (const one of around(inner)) for (const hook of one.beforeAll.splice(0)) await hook();
      for (const one of around(inner)) for (const hook of one.beforeEach) await hook();
      try {
        await body();
      } finally {
        for (const one of around(inner).reverse()) for (const hook of one.afterEach) await hook();
      }
    } catch (error) {
      failed++;
      console.log(
        `FAILED: ${name}\n  ${String(error?.stack ?? error)
          .split('\n')
          .slice(0, 4)
          .join('\n  ')}`,
      );
    }
  }
  for (const end of ends) await end();
  console.log(`${chosen.length - failed} passed, ${failed} failed, ${skipped} groups skipped`);
  if (chosen.length === 0) console.log('no test has such a name');
  process.exitCode = failed > 0 || chosen.length === 0 ? 1 : 0;
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
