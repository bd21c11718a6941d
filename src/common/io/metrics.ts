/**
 * Metrics for Prometheus: a table in, counters and gauges out.
 *
 * Each role declares its metrics once, with their help texts, and gets a typed handle for each. What is
 * counted in a hot path is better counted in a plain number and declared with `read`: it is then looked at
 * only when somebody collects. It knows no metric of its own but those of the process.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

import { unreachable } from '../invariant.ts';

const PREFIX = 'piazza_';

interface Spec {
  /** A sentence for the one who reads the graph; with the unit, if it has one. */
  readonly help: string;
  readonly labels?: readonly string[];
}

export interface CounterSpec extends Spec {
  readonly kind: 'counter';
  /** Where the count stands; then nobody adds to it by hand. */
  readonly read?: () => number;
}

export interface GaugeSpec extends Spec {
  readonly kind: 'gauge';
  readonly read?: () => number;
}

export interface HistogramSpec extends Spec {
  readonly kind: 'histogram';
  readonly buckets: readonly number[];
}

export type MetricSpec = CounterSpec | GaugeSpec | HistogramSpec;

export type Labels = Readonly<Record<string, string | number>>;

export interface CounterHandle {
  add(count?: number, labels?: Labels): void;
}

export interface GaugeHandle {
  set(value: number, labels?: Labels): void;
  /** Forgets a labelled value: of a slave that is gone, say. */
  forget(labels: Labels): void;
}

export interface HistogramHandle {
  observe(value: number, labels?: Labels): void;
}

type HandleOf<S extends MetricSpec> = S extends CounterSpec
  ? CounterHandle
  : S extends GaugeSpec
    ? GaugeHandle
    : HistogramHandle;

export type Handles<Table extends Readonly<Record<string, MetricSpec>>> = {
  readonly [Name in keyof Table]: HandleOf<Table[Name]>;
};

export interface Metrics<Table extends Readonly<Record<string, MetricSpec>>> {
  readonly handles: Handles<Table>;
  readonly contentType: string;
  /** All of it, in Prometheus' text format. */
  text(): Promise<string>;
}

/**
 * A registry of its own, with the table's metrics under `piazza_` and their names in the table, such as
 * `commands_total`. With `isProcess` (default) those of the process and its event loop, too.
 */
export function createMetrics<const Table extends Readonly<Record<string, MetricSpec>>>(
  table: Table,
  { isProcess = true }: { readonly isProcess?: boolean } = {},
): Metrics<Table> {
  const registry = new Registry();
  if (isProcess) collectDefaultMetrics({ register: registry, prefix: PREFIX });
  const entries = Object.entries(table).map(
    ([name, spec]) => [name, handleOf(registry, name, spec)] as const,
  );
  return {
    handles: Object.fromEntries(entries) as Handles<Table>, // each handle was made from the entry of its name
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

function handleOf(registry: Registry, name: string, spec: MetricSpec): HandleOf<MetricSpec> {
  const options = {
    name: PREFIX + name,
    help: spec.help,
    labelNames: [...(spec.labels ?? [])],
    registers: [registry],
  };
  switch (spec.kind) {
    case 'counter':
      return counterHandle(options, spec.read);
    case 'gauge':
      return gaugeHandle(options, spec.read);
    case 'histogram': {
      const histogram = new Histogram({ ...options, buckets: [...spec.buckets] });
      return { observe: (value, labels = {}) => histogram.observe(labels, value) };
    }
    default:
      return unreachable(spec);
  }
}

interface Options {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

function counterHandle(options: Options, read: (() => number) | undefined): CounterHandle {
  const collect = (): void => {
    if (read === undefined) return;
    counter.reset();
    counter.inc(read());
  };
  const counter: Counter = new Counter({ ...options, collect });
  return { add: (count = 1, labels = {}) => counter.inc(labels, count) };
}

function gaugeHandle(options: Options, read: (() => number) | undefined): GaugeHandle {
  const collect = (): void => {
    if (read !== undefined) gauge.set(read());
  };
  const gauge: Gauge = new Gauge({ ...options, collect });
  return {
    set: (value, labels = {}) => gauge.set(labels, value),
    forget: (labels) => gauge.remove(labels),
  };
}
