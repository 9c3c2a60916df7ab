import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface Certificates {
  /** PEM of the server's key and certificate. */
  key: string;
  cert: string;
  /** Path of the PEM of the CA that signed it. */
  caFile: string;
  remove(): Promise<void>;
}

/** A new CA and a certificate of it for 127.0.0.1 and localhost, valid for a week. */
export async function createCertificates(): Promise<Certificates> {
  const { ca, cert, key } = await generateCertificates();
  const folder = await mkdtemp(join(tmpdir(), 'azure-monitor-'));
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, ca);
  return { key, cert, caFile, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Those of a folder with ca.pem, cert.pem and key.pem, as a mounted Secret has them. */
export async function readCertificates(folder: string): Promise<Certificates> {
  const [key, cert] = await Promise.all(['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name), 'utf8')));
  return { key: key ?? '', cert: cert ?? '', caFile: join(folder, 'ca.pem'), remove: async () => {} };
}

/** PEM of a new CA, and of a certificate of it for 127.0.0.1, localhost and the names given, valid for a week. */
export async function generateCertificates(
  names: readonly string[] = [],
): Promise<{ readonly ca: string; readonly cert: string; readonly key: string }> {
  const notBeforeDate = new Date(Date.now() - 60_000);
  const notAfterDate = new Date(Date.now() + 7 * 86_400_000);
  const ca = await generate([{ name: 'commonName', value: 'Azure Monitor stand-in CA' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate,
    notAfterDate,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 7, ip: '127.0.0.1' },
          { type: 2, value: 'localhost' },
          ...names.map((value) => ({ type: 2 as const, value })),
        ],
      },
    ],
  });
  return { ca: ca.cert, cert: server.cert, key: server.private };
}
