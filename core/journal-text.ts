/** What a line of the log is made of. */
interface Entry {
  at: string;
  step: string;
  event: string;
  operator: string;
  color?: string;
  version?: string;
  took?: number;
  error?: string;
}

/** One record of the journal as a line for people. */
export function describeRecord(record: Entry): string {
  const about = [record.color, record.version].filter(Boolean).join(" ");
  const took = record.took === undefined ? "" : ` (${(record.took / 1000).toFixed(1)} s)`;
  const error = record.error ? ` · ${record.error}` : "";
  const step = record.step.padEnd(11);
  return `${record.at}  ${step} ${record.event.padEnd(7)} ${about}${took} by ${record.operator}${error}`;
}
