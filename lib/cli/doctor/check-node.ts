import { fail, ok, type Finding } from './check.js';

const LEAST = [20, 19] as const;

export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const enough = major > LEAST[0] || (major === LEAST[0] && minor >= LEAST[1]);
  return enough
    ? ok('node', version)
    : fail('node', `${version} is too old`, `Use Node ${LEAST.join('.')} or newer.`);
}
