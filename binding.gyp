{
  # The addon with the CPU kernels: needs a C++20 compiler, python3 and make, nothing else.
  # native/sources.txt lists the files; its room `isa` is compiled once per instruction set.
  'variables': {
    # A short loop that straddles two lines of code is slower: which ones do would change with every edit.
    'flags': [
      '-std=c++20', '-O3', '-falign-loops=64', '-fPIC', '-fopenmp', '-fvisibility=hidden', '-fvisibility-inlines-hidden',
      '-fno-math-errno', '-fno-trapping-math', '-ffp-contract=off', '-Wall', '-Wextra', '-Wno-unused-parameter'
    ]
  },
  'target_defaults': {
    'include_dirs': ['native', "<!(node -p \"require('node-addon-api').include_dir\")"],
    # A worker that is being terminated can take no exception: it is dropped instead of aborting the process.
    'defines': ['NAPI_VERSION=8', 'NAPI_CPP_EXCEPTIONS', 'NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    'cflags!': ['-O2', '-fno-omit-frame-pointer'],
    'cflags_cc!': [
      '-fno-exceptions', '-fno-rtti', '-std=gnu++17', '-std=gnu++20', '-std=c++17', '-Wno-unused-parameter'
    ],
    'cflags_cc': ['<@(flags)'],
    'conditions': [
      ["target_arch=='x64'", {'defines': ['HEBB_X86=1']}],
      # GCC 12 for arm64 crashes on some reductions (vect_transform_reduction); the kernels are vectorised by hand anyway.
      ["target_arch=='arm64'", {'defines': ['HEBB_ARM=1'], 'cflags_cc': ['-fno-tree-vectorize']}]
    ]
  },
  'targets': [
    {
      'target_name': 'hebb_scalar',
      'type': 'static_library',
      'sources': ['<!@(node native/tools/sources.mjs isa)'],
      'defines': ['HEBB_ISA=scalar']
    },
    {
      'target_name': 'hebb',
      'sources': ['<!@(node native/tools/sources.mjs core ops ref cpu node)'],
      'ldflags': [
        '-fopenmp', '-static-libstdc++', '-static-libgcc',
        # A worker that exits unloads the addon while its executor threads still run its code.
        '-Wl,-z,nodelete',
        # The prebuild ships libgomp.so.1 beside the addon.
        "-Wl,-rpath,'$$ORIGIN'",
        '-Wl,--as-needed', '-Wl,--gc-sections', "-Wl,--version-script='<(module_root_dir)/native/exports.map'"
      ],
      'dependencies': ['hebb_scalar'],
      'conditions': [
        ["target_arch=='x64'", {'dependencies': ['hebb_avx2', 'hebb_avx512']}],
        ["target_arch=='arm64'", {'dependencies': ['hebb_neon']}]
      ]
    }
  ],
  'conditions': [
    ["target_arch=='x64'", {
      'targets': [
        {
          'target_name': 'hebb_avx2',
          'type': 'static_library',
          'sources': ['<!@(node native/tools/sources.mjs isa)'],
          'defines': ['HEBB_ISA=avx2'],
          'cflags_cc': ['-mavx2', '-mfma', '-mf16c']
        },
        {
          'target_name': 'hebb_avx512',
          'type': 'static_library',
          'sources': ['<!@(node native/tools/sources.mjs isa)'],
          'defines': ['HEBB_ISA=avx512'],
          'cflags_cc': [
            '-mavx512f', '-mavx512bw', '-mavx512vl', '-mavx512dq', '-mavx2', '-mfma', '-mf16c',
            '-mprefer-vector-width=512'
          ]
        }
      ]
    }],
    ["target_arch=='arm64'", {
      'targets': [
        {
          'target_name': 'hebb_neon',
          'type': 'static_library',
          'sources': ['<!@(node native/tools/sources.mjs isa)'],
          'defines': ['HEBB_ISA=neon']
        }
      ]
    }]
  ]
}
