/**
 * INFO: sections of fields, as text.
 *
 * What every process of Piazza tells stands here, so that clients find the words they decide by
 * (`redis_version`, `cluster_enabled`, `role`, `loading`) at the gateway as at a slave. What only
 * one role knows it adds itself: fields of a section named here, or sections of its own.
 */

/** The Redis whose replies and errors these are; clients decide by it what they may use. */
export const REDIS_VERSION = '7.0.15';

/** A section's name as it is printed (`Server`), and its fields in their order. */
export type InfoSection = readonly [name: string, fields: readonly InfoField[]];
export type InfoField = readonly [name: string, value: string | number];

export interface ProcessFacts {
  readonly version: string;
  /** Which of Piazza's programs this is. */
  readonly role: 'slave' | 'gateway';
  readonly pid: number;
  readonly port: number;
  readonly uptimeMs: number;
  readonly clients: number;
  readonly commandsProcessed: number;
}

const DAY_SECONDS = 86_400;

/** What INFO says everywhere, followed by what the role has to add. */
export function infoSections(facts: ProcessFacts, extra: readonly InfoSection[]): readonly InfoSection[] {
  const found = new Map<string, InfoField[]>();
  for (const [name, fields] of [...commonSections(facts), ...extra]) {
    found.set(name, [...(found.get(name) ?? []), ...fields]);
  }
  return [...found];
}

function commonSections(facts: ProcessFacts): readonly InfoSection[] {
  const uptimeSeconds = Math.floor(facts.uptimeMs / 1000);
  const server: readonly InfoField[] = [
    ['redis_version', REDIS_VERSION],
    ['redis_mode', 'cluster'],
    ['piazza_version', facts.version],
    ['piazza_role', facts.role],
    ['process_id', facts.pid],
    ['tcp_port', facts.port],
    ['uptime_in_seconds', uptimeSeconds],
    ['uptime_in_days', Math.floor(uptimeSeconds / DAY_SECONDS)],
  ];
  return [
    ['Server', server],
    ['Clients', [['connected_clients', facts.clients]]],
    ['Persistence', [['loading', 0]]],
    ['Stats', [['total_commands_processed', facts.commandsProcessed]]],
    // To a Redis client every node is a master: which slave copies which differs from range to range.
    [
      'Replication',
      [
        ['role', 'master'],
        ['connected_slaves', 0],
      ],
    ],
    ['Cluster', [['cluster_enabled', 1]]],
  ];
}

const ALL_WORDS = new Set(['all', 'default', 'everything']);

/** The text of INFO; `wanted` are the section names that the client gave, in any case; none: all. */
export function renderInfo(sections: readonly InfoSection[], wanted: readonly string[]): string {
  const words = new Set(wanted.map((word) => word.toLowerCase()));
  const all = words.size === 0 || [...words].some((word) => ALL_WORDS.has(word));
  return sections
    .filter(([name]) => all || words.has(name.toLowerCase()))
    .map(
      ([name, fields]) => `# ${name}\r\n${fields.map(([field, value]) => `${field}:${value}\r\n`).join('')}`,
    )
    .join('\r\n');
}
