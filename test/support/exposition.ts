/** A line of the text format that Prometheus reads. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of an exposition. Throws at a line that Prometheus would not read. */
export function samplesOf(text: string): Sample[] {
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const {
        name,
        labels = '',
        value,
      } = /^(?<name>[a-z_:]\w*)(?:\{(?<labels>.*)\})? (?<value>\S+)$/i.exec(line)?.groups ?? {};
      if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
      const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
      if (Number.isNaN(number) && value !== 'NaN' && value !== 'Nan') throw new Error(`not a number: ${line}`);
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = '', text = '']) => [key, text]);
      return { name, labels: Object.fromEntries(pairs), value: number };
    });
  if (samples.length === 0) throw new Error('no samples');
  return samples;
}

/** Metric -> type, of the # TYPE lines. */
export function typesOf(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
}

/** The value of the sample with at least these labels; undefined when there is none, an error when there are several. */
export function sampleValue(
  samples: readonly Sample[],
  name: string,
  labels: Sample['labels'] = {},
): number | undefined {
  const found = samples.filter(
    (each) => each.name === name && Object.entries(labels).every(([key, value]) => each.labels[key] === value),
  );
  if (found.length > 1) throw new Error(`${found.length} samples of ${name} with ${JSON.stringify(labels)}`);
  return found[0]?.value;
}
