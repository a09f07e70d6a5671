import { RE2JS } from 're2js';
import { compileGlob } from '../runtime/glob.js';
import { unreachable } from '../runtime/unreachable.js';
import type { Addressees } from './request.js';

/** Patterns come from outside. Longer ones, and those that become larger programs, mean nobody. */
const LONGEST_PATTERN = 200;
const LARGEST_PROGRAM = 1_000;

/** Whether this node is meant. However hostile the pattern, the answer takes a few ms at most: nothing backtracks. */
export function isAddressed(hostname: string, addressees: Addressees): boolean {
  switch (addressees.kind) {
    case 'all':
      return true;
    case 'named':
      return addressees.hostnames.includes(hostname);
    case 'matching': {
      const { pattern, matcher } = addressees;
      if (pattern.length > LONGEST_PATTERN) return false;
      return matcher === 'glob' ? compileGlob(pattern)(hostname) : matchesExpression(pattern, hostname);
    }
    default:
      return unreachable(addressees);
  }
}

/** Python's `re.match`, from the start and not to the end, without look-around and back references: those mean nobody. */
function matchesExpression(pattern: string, hostname: string): boolean {
  try {
    const compiled = RE2JS.compile(pattern);
    return compiled.programSize() <= LARGEST_PROGRAM && compiled.matcher(hostname).lookingAt();
  } catch {
    return false;
  }
}
