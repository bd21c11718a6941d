/** Which version of Piazza this is, as its package says. */
import { readFileSync } from 'node:fs';

/** `unknown` where the package says nothing. Throws if the package's manifest is not where it was installed. */
export function packageVersion(): string {
  // The same three steps up from src and from dist.
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  const isManifest = typeof manifest === 'object' && manifest !== null && 'version' in manifest;
  return isManifest && typeof manifest.version === 'string' ? manifest.version : 'unknown';
}
