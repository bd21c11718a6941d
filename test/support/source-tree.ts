/**
 * The source tree as text: which files there are, what each imports, what each names in a string.
 *
 * Only `tidy.test.ts` reads it. It reads text with patterns and parses nothing, which is enough because the
 * formatter decides how an import is written. Paths are as seen from the root, with forward slashes.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

const texts = new Map<string, string>();

export function textOf(file: string): string {
  const known = texts.get(file);
  if (known !== undefined) return known;
  const text = readFileSync(file, 'utf8');
  texts.set(file, text);
  return text;
}

/** Every file below a folder whose name ends so, in order of name. A folder that is not there has none. */
export function filesBelow(folder: string, ending: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
}

/** `import … from 'x'`, `export … from 'x'`, `import 'x'`, `import('x')`; types count as well. */
const IMPORT = /^(?:import|export)\s[^'";]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm;

const namedIn = (file: string): readonly string[] =>
  [...textOf(file).matchAll(IMPORT)].map(([, from, bare, late]) => from ?? bare ?? late ?? '');

/** The files of ours that a file imports. */
export const importsOf = (file: string): readonly string[] =>
  namedIn(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => normalize(join(dirname(file), name)));

/** The packages that a file imports, and node's own modules with their `node:`. */
export const packagesOf = (file: string): readonly string[] =>
  namedIn(file)
    .filter((name) => !name.startsWith('.'))
    .map((name) => (name.startsWith('@') ? name.split('/', 2).join('/') : (name.split('/')[0] ?? name)));

/** A relative path in any string, its ending left open: a worker is named from the ending of its starter. */
const PATH_IN_STRING = /['"`](\.{1,2}\/[\w./-]+)/g;

/** The files of ours that a file imports or names in a string: a worker, a program that it starts. */
export function reachesOf(file: string, all: ReadonlySet<string>): readonly string[] {
  const named = [...textOf(file).matchAll(PATH_IN_STRING)]
    .map(([, path]) => normalize(join(dirname(file), path ?? '')).replace(/\.[jt]s$|\.$/, ''))
    .map((path) => `${path}.ts`);
  return [...importsOf(file), ...named].filter((path) => all.has(path));
}

/** Everything that can be reached from some files, themselves included. */
export function reachedFrom(
  starts: readonly string[],
  next: (file: string) => readonly string[],
): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [...starts];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    waiting.push(...next(file));
  }
  return reached;
}

/** The first cycle found, as the path that closes it; none: nothing. */
export function cycleIn(
  files: readonly string[],
  next: (file: string) => readonly string[],
): readonly string[] {
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): readonly string[] => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const following of next(file)) {
      const cycle = visit(following, [...path, file]);
      if (cycle.length > 0) return cycle;
    }
    done.add(file);
    return [];
  };
  return files.map((file) => visit(file, [])).find((cycle) => cycle.length > 0) ?? [];
}
