import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { parse } from 'yaml';
import { type FieldError, isRecord } from '../api/structuralSchema.ts';
import { parseEvidence } from '../core/evidence/parseEvidence.ts';
import { parseRecord } from '../core/evidence/parseRecord.ts';
import { EVIDENCE_KEY, type ExperimentRecord, GZIP_SUFFIX, RECORD_KEY } from '../core/evidence/record.ts';
import { EVIDENCE_VERSION, type EvidenceDocument } from '../core/verdict/evidence.ts';
import { UsageError } from './usageError.ts';

export interface EvidenceFile {
  readonly document: EvidenceDocument;
  /** Absent: the file is an evidence document alone. */
  readonly record?: ExperimentRecord;
}

/** What a compressed part may become: a ConfigMap of 1 MiB must not fill the memory. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Reads an evidence document, or the ConfigMap `<experiment>-evidence` as kubectl prints it (JSON or YAML).
 * @param name of the file, for messages
 * @throws UsageError that says what is wrong, and where
 */
export async function readEvidenceFile(text: string, name: string): Promise<EvidenceFile> {
  const value = parseText(text, name);
  if (isRecord(value) && value.kind === 'List' && Array.isArray(value.items) && value.items.length === 1) {
    return readConfigMap(value.items[0], name);
  }
  if (isRecord(value) && value.kind === 'ConfigMap') return readConfigMap(value, name);
  if (isRecord(value) && value.apiVersion === EVIDENCE_VERSION) return { document: checkedEvidence(value, name) };
  throw new UsageError(
    `${name}: holds no evidence; give a document with apiVersion ${EVIDENCE_VERSION}, or the ConfigMap NAME-evidence of a finished experiment (kubectl get configmap NAME-evidence -o yaml)`,
  );
}

/** As readEvidenceFile, of a ConfigMap that is already parsed. */
export async function readConfigMap(value: unknown, name: string): Promise<EvidenceFile> {
  const evidence = await part(value, EVIDENCE_KEY, name);
  if (evidence === undefined) {
    throw new UsageError(`${name}: the ConfigMap has no ${EVIDENCE_KEY}: no telemetry was compared in this run`);
  }
  const document = checkedEvidence(parseText(evidence, `${name} ${EVIDENCE_KEY}`), `${name} ${EVIDENCE_KEY}`);
  const record = await part(value, RECORD_KEY, name);
  if (record === undefined) return { document };
  const parsed = parseRecord(parseText(record, `${name} ${RECORD_KEY}`));
  if (parsed.kind === 'invalid') throw new UsageError(`${name} ${RECORD_KEY}: ${errorText(parsed.errors)}`);
  return { document, record: parsed.record };
}

export function errorText(errors: readonly FieldError[]): string {
  return errors.map(({ path, message }) => (path === '' ? message : `${path} ${message}`)).join('; ');
}

function checkedEvidence(value: unknown, name: string): EvidenceDocument {
  const parsed = parseEvidence(value);
  if (parsed.kind === 'invalid') throw new UsageError(`${name}: no valid evidence: ${errorText(parsed.errors)}`);
  return parsed.document;
}

async function part(configMap: unknown, key: string, name: string): Promise<string | undefined> {
  const { data, binaryData } = isRecord(configMap) ? configMap : {};
  const plain = isRecord(data) && Object.hasOwn(data, key) ? data[key] : undefined;
  if (typeof plain === 'string') return plain;
  const gzipKey = key + GZIP_SUFFIX;
  const packed = isRecord(binaryData) && Object.hasOwn(binaryData, gzipKey) ? binaryData[gzipKey] : undefined;
  if (typeof packed !== 'string') return undefined;
  try {
    const unpacked = await promisify(gunzip)(Buffer.from(packed, 'base64'), { maxOutputLength: MOST_BYTES });
    return unpacked.toString('utf8');
  } catch (error) {
    throw new UsageError(`${name}: ${gzipKey} cannot be unpacked: ${messageOf(error)}`);
  }
}

function parseText(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (jsonError) {
    // JSON that is a little wrong is reported as such; whatever else there is may be YAML.
    if (/^\s*[{[]/.test(text)) throw new UsageError(`${name}: is not valid JSON: ${messageOf(jsonError)}`);
  }
  try {
    return parse(text);
  } catch (error) {
    throw new UsageError(`${name}: is neither JSON nor YAML: ${messageOf(error)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
