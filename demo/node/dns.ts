import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface DnsServer {
  readonly port: number;
  stop(): Promise<void>;
}

const typeA = 1;
const typeAny = 255;
const classInternet = 1;
const ttlSeconds = 5;

/**
 * Answers like a cluster's DNS, over UDP on 127.0.0.1: A records of Services, all at 127.0.0.1. Other types of a known
 * name get an empty answer, unknown names NXDOMAIN.
 * @param isService whether there is a Service of this name in the namespace.
 */
export async function startDns(namespace: string, isService: (name: string) => boolean): Promise<DnsServer> {
  const suffixes = ['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
  const known = (host: string) =>
    suffixes.some((suffix) => {
      const name = host.endsWith(suffix) ? host.slice(0, host.length - suffix.length) : '';
      return name !== '' && !name.includes('.') && isService(name);
    });
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const answer = answerQuery(query, known);
    if (answer !== undefined) socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/**
 * The answer to one DNS message (RFC 1035, one question as every resolver sends); undefined for what is no query.
 * @param known whether a host name, in lower case and without the last dot, exists.
 */
export function answerQuery(query: Buffer, known: (host: string) => boolean): Buffer | undefined {
  if (query.length < 12) return undefined;
  const flags = query.readUInt16BE(2);
  if ((flags & 0x8000) !== 0) return undefined;
  const opcode = (flags >> 11) & 0xf;
  const question = opcode === 0 && query.readUInt16BE(4) === 1 ? readQuestion(query) : undefined;
  if (question === undefined) return reply(query, flags, Buffer.alloc(0), opcode === 0 ? 1 : 4, undefined);
  if (!known(question.host)) return reply(query, flags, question.bytes, 3, undefined);
  const address = question.internet && (question.type === typeA || question.type === typeAny);
  return reply(query, flags, question.bytes, 0, address ? [127, 0, 0, 1] : undefined);
}

function readQuestion(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (;;) {
    const length = query[at];
    // A compressed name (two high bits) makes no sense in the first question.
    if (length === undefined || length > 63) return undefined;
    at += 1;
    if (length === 0) break;
    labels.push(query.toString('latin1', at, at + length).toLowerCase());
    at += length;
  }
  if (at + 4 > query.length) return undefined;
  return {
    host: labels.join('.'),
    type: query.readUInt16BE(at),
    internet: query.readUInt16BE(at + 2) === classInternet,
    bytes: query.subarray(12, at + 4),
  };
}

function reply(query: Buffer, flags: number, question: Buffer, code: number, address: number[] | undefined): Buffer {
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  // Response, authoritative, recursion available; opcode and "recursion desired" as in the query.
  header.writeUInt16BE(0x8480 | (flags & 0x7900) | code, 2);
  header.writeUInt16BE(question.length > 0 ? 1 : 0, 4);
  header.writeUInt16BE(address === undefined ? 0 : 1, 6);
  if (address === undefined) return Buffer.concat([header, question]);
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc00c, 0); // the name of the question
  record.writeUInt16BE(typeA, 2);
  record.writeUInt16BE(classInternet, 4);
  record.writeUInt32BE(ttlSeconds, 6);
  record.writeUInt16BE(4, 10);
  Buffer.from(address).copy(record, 12);
  return Buffer.concat([header, question, record]);
}
