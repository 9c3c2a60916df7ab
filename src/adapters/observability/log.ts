import winston from 'winston';
import type { Log } from '../../engine/ports/log.ts';
import { redact } from './redact.ts';
import { currentScope } from './scope.ts';

/**
 * JSON lines on standard output: time, level, message and the fields of the line; those about an experiment also have its
 * namespace, name and uid. Secrets are left out.
 * @param fields more for every line, asked anew for each
 */
export function createLog(level: string, fields: () => Readonly<Record<string, unknown>> = () => ({})): Log {
  const complete = winston.format((info) => Object.assign(info, { ...currentScope(), ...fields(), ...info }));
  const logger = winston.createLogger({
    level,
    format: winston.format.combine(
      complete(),
      winston.format.timestamp(),
      winston.format(expandErrors)(),
      winston.format(withoutSecrets)(),
      winston.format.json(),
    ),
    transports: [new winston.transports.Console()],
  });
  return logOf(logger);
}

function logOf(logger: winston.Logger): Log {
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
    child: (fields) => logOf(logger.child(fields)),
  };
}

/**
 * An Error has no enumerable fields, so JSON would show it as {}. Only its message and stack are taken: errors of HTTP
 * clients carry the request along, and with it the token.
 */
function expandErrors(info: winston.Logform.TransformableInfo): winston.Logform.TransformableInfo {
  for (const [key, value] of Object.entries(info)) {
    if (value instanceof Error) info[key] = describeError(value);
  }
  return info;
}

function describeError(error: Error): { message: string; stack?: string; cause?: string } {
  return {
    message: error.message,
    ...(error.stack !== undefined && { stack: error.stack }),
    ...(error.cause instanceof Error && { cause: error.cause.message }),
  };
}

function withoutSecrets(info: winston.Logform.TransformableInfo): winston.Logform.TransformableInfo {
  return Object.assign(info, redact({ ...info }));
}
