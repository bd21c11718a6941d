/**
 * The house rules that a linter cannot see, each as a test with a reason.
 * A rule that nobody checks is a wish.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

import { expect } from 'chai';

import packageJson from '../package.json' with { type: 'json' };
import { faults } from '../src/common/fault.ts';
import { pages } from './support/pages.ts';
import {
  cycleIn,
  filesBelow,
  importsOf,
  packagesOf,
  reachedFrom,
  reachesOf,
  textOf,
} from './support/source-tree.ts';

const sources = filesBelow('src', '.ts');
const tests = filesBelow('test', '.ts');
const code = [...sources, ...tests];
const known: ReadonlySet<string> = new Set(code);

const prose = [
  ...['README.md', 'ARCHITECTURE.md', 'STYLE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter((page) =>
    existsSync(page),
  ),
  ...filesBelow('docs', '.md'),
];

const roles = ['coordination', 'slave', 'client'] as const;

/** Where the three programs and the library begin. */
const doors = [...roles.map((role) => `src/${role}/main.ts`), 'src/client/index.ts'];

/** The machine in the middle of each role: its shells hold it, its leaves do not know it. */
const trunks = ['src/coordination/coordinator.ts', 'src/slave/slave.ts', 'src/client/session.ts'];

const isMain = (file: string): boolean => file.endsWith('/main.ts');
const isShell = (file: string): boolean =>
  isMain(file) || /\/io\/|^src\/client\/cli\//.test(file) || file === 'src/client/client.ts';

/** What a file imports of what is there; a path that leads nowhere has a test of its own. */
const ours = (file: string): readonly string[] => importsOf(file).filter((to) => known.has(to));

/** Every import between two files of src, as `importer → imported`, that breaks a rule. */
const importsThat = (breaks: (from: string, to: string) => boolean): readonly string[] =>
  sources.flatMap((from) =>
    importsOf(from)
      .filter((to) => breaks(from, to))
      .map((to) => `${from} → ${to}`),
  );

/** Lines of files that match, as `file:line: text`, so that a failure can be clicked. */
const linesThat = (files: readonly string[], matches: (line: string) => boolean): readonly string[] =>
  files.flatMap((file) =>
    textOf(file)
      .split('\n')
      .flatMap((line, index) => (matches(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
  );

describe('the house', () => {
  describe('imports', () => {
    // Two rooms that each need the other first cannot be read, tested or changed alone.
    it('go round in no cycle', () => {
      expect(cycleIn(sources, ours).join(' → ')).to.equal('');
    });

    // A wrong path would otherwise be found only by whoever runs that file.
    it('lead to files that exist', () => {
      const lost = code.flatMap((from) =>
        importsOf(from)
          .filter((to) => !known.has(to) && !existsSync(to))
          .map((to) => `${from} → ${to}`),
      );
      expect(lost).to.deep.equal([]);
    });

    // What two roles share is a promise to the bit; it has one room, where both can see it.
    it('never join two roles', () => {
      const roleOf = (file: string): string | undefined => file.split('/')[1];
      const roomsOf = (from: string, to: string): boolean =>
        roleOf(to) !== 'common' && roleOf(from) !== roleOf(to);
      expect(importsThat(roomsOf)).to.deep.equal([]);
    });

    // The same machine runs in production and in the simulator only if it cannot reach the world.
    it('never lead from a pure room to a shell', () => {
      const isIndex = (file: string): boolean => file === 'src/client/index.ts';
      expect(importsThat((from, to) => !isShell(from) && !isIndex(from) && isShell(to))).to.deep.equal([]);
    });

    // A program is the end of the line: what others need from it belongs into a room of its own.
    it('never lead to a program', () => {
      expect(importsThat((_from, to) => isMain(to))).to.deep.equal([]);
    });

    // main → io → trunks → leaves: a leaf that knows its trunk cannot be read, or tried, without it.
    it('never lead from a leaf to its trunk', () => {
      const isLeaf = (file: string): boolean => !isShell(file) && file !== 'src/client/index.ts';
      expect(importsThat((from, to) => trunks.includes(to) && isLeaf(from))).to.deep.equal([]);
    });

    // Everything may state a claim, so the room of claims can need nothing.
    it('end at invariant.ts', () => {
      expect(importsOf('src/common/invariant.ts')).to.deep.equal([]);
    });

    // What is tested must be what is shipped.
    it('never lead from src to a test', () => {
      expect(importsThat((_from, to) => !to.startsWith('src/'))).to.deep.equal([]);
    });

    // A development dependency is not there on a user's machine.
    it('name only packages that a user gets', () => {
      const shipped = Object.keys(packageJson.dependencies);
      const missing = sources.flatMap((file) =>
        packagesOf(file)
          .filter((name) => !name.startsWith('node:') && !shipped.includes(name))
          .map((name) => `${file} → ${name}`),
      );
      expect(missing).to.deep.equal([]);
    });

    // The tree keeps duplicates, throws when empty and stops on a truthy return: two files know how to live with it.
    it('reach the red-black tree through two files only', () => {
      const users = sources.filter((file) => packagesOf(file).includes('functional-red-black-tree'));
      expect(['src/coordination/ring.ts', 'src/common/memory-store.ts']).to.include.members(users);
    });

    // A second environment of the storage library in one process is undefined, and the worker must start at once.
    it('keep the storage library out of every worker', () => {
      const workers = sources.filter((file) =>
        /\bparentPort\b[^;]*from 'node:worker_threads'/.test(textOf(file)),
      );
      const heavy = workers.filter((worker) =>
        [...reachedFrom([worker], ours)].some((file) => packagesOf(file).includes('lmdb')),
      );
      expect(heavy).to.deep.equal([]);
    });
  });

  describe('files', () => {
    // Who opens a file wants to know whether it is the right one. A command of the CLI says it in its `describe`.
    it('say at the top what they are for', () => {
      const silent = sources
        .filter((file) => !file.startsWith('src/client/cli/commands/'))
        .filter((file) => !/^(#!.*\n)?\/\*\*\s*(\*\s)?\s*\S.{15}/.test(textOf(file)));
      expect(silent).to.deep.equal([]);
    });

    // What no program reaches is not checked by use, only read by people.
    it('are each reached by a program or the library', function () {
      if (!doors.every((door) => known.has(door))) this.skip();
      const reached = reachedFrom(doors, (file) => reachesOf(file, known));
      expect(sources.filter((file) => !reached.has(file))).to.deep.equal([]);
    });

    // One way to write a name, so that nobody has to remember which.
    it('are nouns in kebab-case', () => {
      const kebab = /^[a-z0-9]+(-[a-z0-9]+)*$/;
      const odd = code.filter((file) =>
        file.split('/').some((part) => !kebab.test(part.replace(/(\.test)?\.ts$/, ''))),
      );
      expect(odd).to.deep.equal([]);
    });

    // The test of a file is found without searching: the same path, the other root. Its laws may have a file of their own.
    it('have their tests at the same path', () => {
      const lost = tests
        .filter(
          (file) => file.endsWith('.test.ts') && ['common', ...roles].includes(file.split('/')[1] ?? ''),
        )
        .filter((file) => {
          const twin = file.replace(/^test/, 'src').replace(/(-laws?)?\.test\.ts$/, '');
          return !known.has(`${twin}.ts`) && !existsSync(twin);
        });
      expect(lost).to.deep.equal([]);
    });

    // npm links each program by name; without the first line the system does not know what runs it.
    it('that are programs begin with the line that starts them', function () {
      const programs = Object.values(packageJson.bin).map((path) =>
        path.replace(/^dist(.*)\.js$/, 'src$1.ts'),
      );
      if (!programs.every((program) => known.has(program))) this.skip();
      expect(
        programs.filter((program) => !textOf(program).startsWith('#!/usr/bin/env node\n')),
      ).to.deep.equal([]);
    });
  });

  describe('comments', () => {
    // A note to oneself is read by everybody and answered by nobody.
    it('leave no work for later', () => {
      const later = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b`);
      expect(linesThat([...code, ...prose], (line) => later.test(line))).to.deep.equal([]);
    });

    // Old code is in the history, where it still compiles.
    it('hold no code', () => {
      const statement =
        /^\s*\/\/\s*((const|let|import|export|return|await|throw)\b.*;|(if|for|while|switch) \(.*[{;]|[\w.#]+\(.*\);|[\w.#[\]]+ [-+]?= .*;|[{}]+\)?;?)\s*$/;
      expect(linesThat(code, (line) => statement.test(line))).to.deep.equal([]);
    });

    // A rule that is switched off without a reason is a rule that is gone.
    it('say why a check is switched off', () => {
      const switchedOff = /(eslint-disable|@ts-expect-error|c8 ignore|prettier-ignore)/;
      const here = 'test/tidy.test.ts';
      const silent = (line: string): boolean =>
        /^\s*(\/\/|\/\*)/.test(line) && switchedOff.test(line) && !/ -- \S/.test(line);
      expect(
        linesThat(
          code.filter((file) => file !== here),
          silent,
        ),
      ).to.deep.equal([]);
    });
  });

  describe('pages', () => {
    // A page that is written by hand beside a table says something else a month later.
    for (const { path, text } of pages) {
      it(`printed from a table are as the table is: ${path} (npm run docs)`, () => {
        expect(textOf(path)).to.equal(text());
      });
    }

    // Whoever gets an error looks it up by its code.
    it('name every fault, and no other', () => {
      const documented = [...textOf('docs/errors.md').matchAll(/^\| ([A-Z]+) \|/gm)].map(([, name]) => name);
      expect(documented).to.deep.equal(Object.keys(faults));
      const promised = Object.keys(faults).filter(
        (name) => !textOf('docs/contract.md').includes(`\`${name}\``),
      );
      expect(promised, 'faults that docs/contract.md does not know').to.deep.equal([]);
    });

    // A command that does not work is the first thing that a newcomer meets.
    it('name only commands that exist', function () {
      if (!existsSync('README.md')) this.skip();
      const scripts = Object.keys(packageJson.scripts);
      const programs = Object.keys(packageJson.bin);
      const runs = (page: string, pattern: RegExp): readonly string[] =>
        [...textOf(page).matchAll(pattern)].map(([, name]) => name ?? '');
      const wrong = prose.flatMap((page) => [
        ...runs(page, /\bnpm run ([a-z][\w:-]*)/g).filter((name) => !scripts.includes(name)),
        ...runs(page, /\bnpm (start|test)\b/g).filter((name) => !scripts.includes(name)),
        ...runs(page, /\bnpx ([a-z][\w-]*)/g).filter(
          (name) => !programs.includes(name) && !existsSync(join('node_modules', '.bin', name)),
        ),
      ]);
      expect(wrong).to.deep.equal([]);
    });

    // A link that leads nowhere sends a reader away.
    it('link only to what is there', () => {
      const broken = prose.flatMap((page) =>
        [...textOf(page).matchAll(/\]\(([^)#\s:]+)(#[^)]*)?\)/g)]
          .map(([, path]) => normalize(join(dirname(page), path ?? '')))
          .filter((path) => !existsSync(path))
          .map((path) => `${page} → ${path}`),
      );
      expect(broken).to.deep.equal([]);
    });

    // One shape: a reader of the tenth decision knows where to look for what was refused.
    it('of decisions have the same headings, numbered without a gap, and are listed', () => {
      const decisions = filesBelow('docs/decisions', '.md').filter((page) => basename(page) !== 'README.md');
      const index = textOf('docs/decisions/README.md');
      decisions.forEach((page, position) => {
        const number = String(position + 1).padStart(4, '0');
        expect(basename(page), 'the number').to.match(new RegExp(`^${number}-[a-z0-9-]+\\.md$`));
        expect(textOf(page), page).to.match(new RegExp(`^# ${number}\\. \\S.*\\n\\nStatus: \\S`));
        const headings = [...textOf(page).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
        expect(headings, page).to.deep.equal(['Context', 'Decision', 'Consequences', 'Considered']);
        expect(index, 'the list in docs/decisions/README.md').to.include(`(${basename(page)})`);
      });
    });

    // Users look for three things: what is new, what is different, what is mended.
    it('of changes have three kinds of entries', () => {
      const kinds = [...textOf('CHANGELOG.md').matchAll(/^### (.+)$/gm)].map(([, kind]) => kind);
      expect(['Added', 'Changed', 'Fixed']).to.include.members(kinds);
    });
  });
});
