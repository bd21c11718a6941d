/**
 * Private copies of the product and its simulator, as JavaScript, in a folder that is thrown away.
 *
 *     src, test/simulation, … ──translated once──► sound/ ──copied, the changed files translated──► NAME/
 *
 * Only types are taken out, nothing is checked: that the product compiles, others have seen.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

import ts from 'typescript';

import { filesBelow } from '../support/source-tree.ts';
import { type Bug, planted } from './bug.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FOLDERS = ['src', 'test/simulation', 'test/judge', 'test/support', 'test/planted'];

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  allowImportingTsExtensions: true,
  rewriteRelativeImportExtensions: true,
};

const readSource = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

export class Workshop {
  readonly #folder = mkdtempSync(join(tmpdir(), 'piazza-planted-'));

  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'));
    for (const folder of FOLDERS) {
      for (const name of filesBelow(join(ROOT, folder), '.ts').filter((file) => !file.endsWith('.test.ts'))) {
        const file = name.slice(ROOT.length + 1);
        write(this.sound, file, readSource(file));
      }
    }
    cpSync(join(ROOT, 'package.json'), join(this.sound, 'package.json'));
  }

  /** Where the product is as it is. */
  get sound(): string {
    return join(this.#folder, 'sound');
  }

  /** Where it has this bug. */
  plant(bug: Bug): string {
    const tree = join(this.#folder, bug.name);
    cpSync(this.sound, tree, { recursive: true });
    for (const [file, text] of planted(bug, readSource)) write(tree, file, text);
    return tree;
  }

  remove(tree: string): void {
    rmSync(tree, { recursive: true });
  }

  close(): void {
    rmSync(this.#folder, { recursive: true });
  }
}

function write(tree: string, file: string, text: string): void {
  const { outputText, diagnostics = [] } = ts.transpileModule(text, {
    compilerOptions: OPTIONS,
    fileName: file,
    reportDiagnostics: true,
  });
  const [wrong] = diagnostics;
  if (wrong !== undefined)
    throw new Error(`${file}: ${ts.flattenDiagnosticMessageText(wrong.messageText, ' ')}`);
  const path = join(tree, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, outputText);
}
