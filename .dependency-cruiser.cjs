// Who may know whom in lib/ (ARCHITECTURE.md): each room names the rooms it may import, beside the core and itself.
const rooms = {
  ops: [],
  nn: ['ops'],
  optim: ['ops'],
  models: ['ops', 'nn'],
  data: ['ops', 'nn', 'optim'],
  io: ['ops', 'nn', 'optim'],
  serve: ['ops', 'nn', 'optim'],
  train: ['ops', 'nn', 'optim', 'data'],
};
// The files of lib/ itself are the core, except those that put the rooms together.
const together = '^lib/(index|methods)[.]';
const own = '^lib/[^/]+$';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Files that need each other cannot be understood one at a time. Types may refer to each other.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'core',
      comment: 'The core of lib/ knows no room.',
      severity: 'error',
      from: { path: own, pathNot: together },
      to: { path: ['^lib/[^/]+/', together] },
    },
    ...Object.entries(rooms).map(([room, known]) => ({
      name: `${room}-knows`,
      comment: `lib/${room} may import the core of lib/, itself${known.map((name) => `, lib/${name}`).join('')}.`,
      severity: 'error',
      from: { path: `^lib/${room}/` },
      to: { path: '^lib/', pathNot: [own, ...[room, ...known].map((name) => `^lib/${name}/`)] },
    })),
    {
      name: 'together',
      comment: 'What puts the rooms together is for users and the command line, not for the rooms.',
      severity: 'error',
      from: { path: '^lib/', pathNot: [together, '^lib/cli/'] },
      to: { path: [together, '^lib/cli/'] },
    },
    {
      name: 'native-alone',
      comment: 'Only lib/native.ts loads the addon.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/native[.]' },
      to: { path: 'node_modules/(node-gyp-build|node-addon-api)/' },
    },
    {
      name: 'commander-in-cli',
      comment: 'A service that imports hebb does not load what only the command line needs.',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/cli/' },
      to: { path: 'node_modules/commander/' },
    },
    {
      name: 'declared',
      comment: 'The package imports only what package.json declares as a dependency.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'types'] },
  },
};
