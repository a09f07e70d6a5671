import type { Cli } from '../cli.js';
import { switchSchedules, type SwitchGiven } from './schedule-switch.js';

export function run(given: SwitchGiven, cli: Cli): Promise<number> {
  return switchSchedules(given, false, cli);
}
