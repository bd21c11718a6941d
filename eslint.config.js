/**
 * The house rules that a linter can see. STYLE.md has the reasons; test/tidy.test.ts has the rules that need
 * more than one file to be seen at once.
 *
 * A rule that is wrong in one place is switched off for one line, with the reason behind `--`:
 *   // eslint-disable-next-line no-restricted-syntax -- the library answers with null
 */
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const roles = ['coordination', 'slave', 'client'];

/** The doors to the world. Everywhere else in src nothing happens except thinking. */
const doors = ['src/**/io/**', 'src/**/main.ts', 'src/client/cli/**', 'src/client/client.ts'];

/** What a test may only touch in test/system and test/benchmarks. */
const worldlyTests = ['test/system/**', 'test/benchmarks/**'];

const waitingGlobals = [
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
];

const worldlyGlobals = [
  ...waitingGlobals,
  'AbortController',
  'AbortSignal',
  'Atomics',
  'BroadcastChannel',
  'Date',
  'FinalizationRegistry',
  'MessageChannel',
  'Promise',
  'SharedArrayBuffer',
  'WeakRef',
  'WebSocket',
  'console',
  'crypto',
  'fetch',
  'globalThis',
  'navigator',
  'performance',
  'process',
];

const worldlyPackages = ['ioredis', 'lmdb', 'pino', 'pino-pretty', 'prom-client', 'redis', 'yargs'];

const worldlyModules = [
  'child_process',
  'dgram',
  'fs',
  'http',
  'http2',
  'https',
  'net',
  'tls',
  'worker_threads',
];

const budgets = {
  'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }],
  'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
  'max-params': ['error', 4],
  'max-depth': ['error', 3],
  complexity: ['error', 12],
};

/** Each entry: what is refused, and what to do instead. Flat config replaces a rule, so the lists are composed here. */
const refusedEverywhere = [
  { selector: 'TSEnumDeclaration', message: 'Use a tagged union, or a union of literals.' },
  { selector: 'ExportDefaultDeclaration', message: 'One thing has one name: export it by that name.' },
  {
    selector:
      ':matches(ClassDeclaration, ClassExpression)[superClass]:not([superClass.name=/(^|[a-z])Error$/])',
    message: 'Nothing inherits, except errors from Error. Hold the other thing in a field.',
  },
];

const refusedInSource = [
  ...refusedEverywhere,
  {
    selector: "Literal[raw='null']:not(BinaryExpression > Literal)",
    message:
      'Absent is undefined. A null of a library is turned into it at the door (`?? undefined`, `=== null`).',
  },
  {
    selector:
      "SwitchStatement[discriminant.property.name='kind'] > SwitchCase[test=null]:not(:has(CallExpression[callee.name='unreachable']))",
    message:
      'Name every kind, and end in `default: return unreachable(…)`: a new kind then fails to compile here.',
  },
];

const refusedInPureRooms = [
  ...refusedInSource,
  { selector: 'TSNullKeyword', message: 'Absent is undefined. A null of a library ends at the door.' },
  {
    selector: 'AwaitExpression, :function[async=true], ForOfStatement[await=true]',
    message: 'A step runs to its end. Return an effect; its result comes back as an input.',
  },
  {
    selector: 'TSTypeReference[typeName.name=/^Promise(Like)?$/]',
    message: 'A step runs to its end. Return an effect; its result comes back as an input.',
  },
  {
    selector: 'ImportExpression',
    message: 'Loading takes a moment and may fail: import at the top, or in io/.',
  },
  {
    selector: ":matches(Program, Program > ExportNamedDeclaration) > VariableDeclaration[kind='let']",
    message: 'A module remembers nothing between calls. State belongs to the value that a step is given.',
  },
];

const refusedInTests = [
  ...refusedEverywhere,
  {
    selector:
      'CallExpression[callee.name=/^(it|specify)$/] > Literal.arguments:first-child[value=/^should\\b/]',
    message: 'The title finishes the sentence that `describe` began: say what it does, not what it should.',
  },
];

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'piazza-data/']),
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },

  // Everywhere.
  {
    rules: {
      ...budgets,
      'default-case-last': 'error',
      eqeqeq: 'error',
      'no-async-promise-executor': 'error',
      'no-cond-assign': 'error',
      'no-constant-binary-expression': 'error',
      'no-duplicate-imports': ['error', { allowSeparateTypeImports: true }],
      'no-empty': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-param-reassign': 'error',
      'no-restricted-syntax': ['error', ...refusedEverywhere],
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-catch': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'start' }],
      'prefer-const': 'error',

      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      // A default counts here, since most are `unreachable`; on a `kind` it must be (see refusedInSource).
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],

      // Numbers and booleans read well in a message; objects do not.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `return this.#refuse(why)` and `() => stop()` are sentences; that their value is void is nobody's business.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // `while (true)` with a bound inside is honest.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      // Index signatures are read with brackets (noPropertyAccessFromIndexSignature).
      '@typescript-eslint/dot-notation': ['error', { allowIndexSignaturePropertyAccess: true }],
      // A branded number is a value; deep readonly parameters would be noise in every line.
      '@typescript-eslint/prefer-readonly-parameter-types': 'off',
    },
  },

  // What runs for users.
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...refusedInSource], 'no-console': 'error' },
  },
  { files: ['src/client/cli/**/*.ts'], rules: { 'no-console': 'off' } },

  // Rooms where nothing may happen except thinking.
  {
    files: ['src/**/*.ts'],
    ignores: doors,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: worldlyPackages.map((name) => ({
            name,
            message: 'This room only thinks. Ask for an effect.',
          })),
          patterns: [
            {
              group: ['node:*', ...worldlyModules, '**/io/**', '**/cli/**', '**/main.ts'],
              message: 'This room only thinks. Ask for an effect.',
            },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...worldlyGlobals.map((name) => ({ name, message: 'Time, chance and the world arrive as inputs.' })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Take a seeded Prng.' },
        { object: 'Buffer', property: 'allocUnsafe', message: 'Old memory must not leak onto the wire.' },
        { object: 'Buffer', property: 'allocUnsafeSlow', message: 'Old memory must not leak onto the wire.' },
      ],
      'no-restricted-syntax': ['error', ...refusedInPureRooms],
    },
  },

  // Roles meet in src/common. (The rule's other name, so that it does not replace the list above.)
  ...['common', ...roles].map((room) => ({
    files: [`src/${room}/**/*.ts`],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^\\.\\./(.*/)?(${roles.filter((other) => other !== room).join('|')})/`,
              message: 'Roles meet in src/common, in the words of the protocol.',
            },
            { group: ['**/test/**'], message: 'Nothing in src knows that it is tested or simulated.' },
          ],
        },
      ],
    },
  })),

  // Tests: describe is one long function by nature, and a test may look at things sideways.
  {
    files: ['test/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-syntax': ['error', ...refusedInTests],
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  // A unit test has no sleep, no port and no file.
  {
    files: ['test/**/*.test.ts'],
    ignores: [...worldlyTests, 'test/tidy.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: worldlyModules.flatMap((name) => [name, `node:${name}`, `node:${name}/*`]),
              message: 'A unit test has no port, no file and no process: those live in test/system.',
            },
            { group: ['node:timers/*'], message: 'A unit test does not sleep: hand the time in.' },
          ],
        },
      ],
      'no-restricted-globals': [
        'error',
        ...waitingGlobals
          .filter((name) => name.startsWith('setT') || name.startsWith('setInt'))
          .map((name) => ({ name, message: 'A unit test does not sleep: hand the time in.' })),
      ],
    },
  },

  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
  // A configuration file is read by its tool, which asks for a default export.
  { files: ['*.js', 'test/support/reporter.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
