import { word } from './flag.js';

/** Of commands that run for long. */
export const LOG_FLAGS = {
  loglevel: word('-l, --loglevel <level>', 'debug, info (default), warning, error, critical or silent', [
    'debug',
    'info',
    'warning',
    'error',
    'critical',
    'silent',
  ]),
  logFormat: word('--log-format <format>', 'pretty (default) or json', ['pretty', 'json']),
} as const;
